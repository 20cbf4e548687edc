// Why an attempt failed, in one byte, and the latest of them of one endpoint: what an event says about an
// ejection. Any thread; no locks; depends on core's errors and the statuses of gRPC.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/error.hpp"
#include "grpc/status.hpp"

namespace weir::health {

/// An ErrorKind, the status of a response or of a gRPC call, or nothing.
class Cause {
 public:
  static constexpr int status_first = 500, status_last = 599;

  constexpr Cause() = default;
  explicit constexpr Cause(ErrorKind kind) : code_(static_cast<std::uint8_t>(static_cast<int>(kind) + 1)) {}
  /// Of a status from 500 to 599; nothing for others.
  static constexpr Cause of_status(int status) {
    Cause cause;
    if (status >= status_first && status <= status_last)
      cause.code_ = static_cast<std::uint8_t>(first_status_code + status - status_first);
    return cause;
  }
  static constexpr Cause of_grpc(grpc::Status status) {
    return of_code(static_cast<std::uint8_t>(first_grpc_code + static_cast<int>(status)));
  }
  static constexpr Cause of_code(std::uint8_t code) {
    Cause cause;
    cause.code_ = code;
    return cause;
  }

  constexpr std::uint8_t code() const { return code_; }  // 0: nothing
  /// `connect_refused`, `status 503`, `grpc_unavailable`; empty for nothing.
  std::string text() const;
  bool operator==(const Cause&) const = default;

 private:
  static constexpr int first_status_code = 128;  // error kinds stay below
  static constexpr int first_grpc_code = first_status_code + status_last - status_first + 1;
  std::uint8_t code_ = 0;
};

/// The latest causes, newest in the lowest byte.
using RecentCauses = std::uint64_t;
inline constexpr unsigned recent_causes_max = 8;

/// `connect_refused x3`, `status 503 x2, connect_refused x1`: the latest `count` of them, or as many as there
/// are. Most frequent first, the latest of equals first.
std::string causes_text(RecentCauses recent, std::uint64_t count);

class CauseHistory {
 public:
  void add(Cause cause) {
    RecentCauses before = recent_.load(std::memory_order_relaxed);
    while (!recent_.compare_exchange_weak(before, before << 8 | cause.code(), std::memory_order_relaxed)) {
    }
  }
  RecentCauses recent() const { return recent_.load(std::memory_order_relaxed); }

 private:
  std::atomic<RecentCauses> recent_{0};
};

}  // namespace weir::health
