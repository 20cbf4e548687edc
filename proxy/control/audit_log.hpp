// The audit: who changed what while Weir runs, when and why. An append-only file, JSON a line, each on the disk
// before `record` returns; the newest lines are kept in memory for /api/v1/audit. Depends on files only; the control
// thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <deque>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace weir::control {

inline constexpr std::size_t audit_shown_max = 200;
inline constexpr std::size_t audit_tail_bytes_max = 512 * 1024;

class AuditLog {
 public:
  using SystemTime = std::chrono::system_clock::time_point;

  /// `folder` empty: memory only.
  explicit AuditLog(std::string folder = {}) : folder_(std::move(folder)) {}

  /// Makes the folder and reads the newest lines. An error (internal): it cannot be used.
  Result<void> open();
  /// `facts`: what happened to what, and why. An error (internal): it is not recorded, so it must not happen.
  Result<void> record(SystemTime now, std::string_view who, std::string_view action,
                      const boost::json::object& facts);

  /// JSON objects, oldest first.
  const std::deque<std::string>& lines() const { return lines_; }
  std::string file() const { return folder_ + "/audit.jsonl"; }

 private:
  void keep(std::string line);

  const std::string folder_;
  std::deque<std::string> lines_;
};

}  // namespace weir::control
