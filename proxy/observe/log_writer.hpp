// Where log bytes go: one writer thread for the access log. Workers hand over whole batches; a full queue
// drops the batch and says so (bounded memory, workers never block on a slow disk or pipe). reopen() for log
// rotation. A write that fails (EPIPE, ENOSPC) loses its batch, counted, and never the process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "observe/log_output.hpp"

namespace weir::observe {

class LogWriter {
 public:
  static constexpr std::size_t queue_bytes_max = 64 * 1024 * 1024;
  static constexpr std::size_t spare_batches_max = 64;        // emptied strings kept for reuse
  static constexpr std::size_t spare_bytes_max = 256 * 1024;  // capacity of each; larger ones are freed
  static constexpr Milliseconds shutdown_stall_max{2'000};    // an output that takes nothing is given up

  /// `output`: "stdout", "stderr" or a path (created 0640, appended to). Throws std::system_error when the
  /// file cannot be opened.
  explicit LogWriter(std::string output);
  ~LogWriter();  // writes what is queued, then stops; waits at most shutdown_stall_max for a stuck output
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Takes over `batch` (whole lines) and leaves it empty, with a capacity worth reusing. False: the queue
  /// was full and the batch was dropped; the caller counts its lines. std::bad_alloc leaves all as it was. Any thread.
  bool submit(std::string& batch);
  /// Opens the file anew (SIGUSR1); what is submitted from now on goes there. A failure keeps the old file
  /// and is returned as text. Does nothing for stdout and stderr. Any thread but the workers: opening may
  /// block.
  std::optional<std::string> reopen();
  /// Blocks until everything submitted so far is written, or lost to a failing output (tests).
  void flush();
  /// Lines that were taken over but could not be written. Any thread.
  std::uint64_t unwritten_lines() const { return unwritten_lines_.load(std::memory_order_relaxed); }

 private:
  void run();
  void write_batch(std::string_view batch);
  std::string_view write_all(std::string_view text);  // returns what could not be written
  void report_failure(int error) const;
  void lose(std::string_view rest);
  void recycle(std::string batch);  // with mutex_ held

  const std::string name_;
  LogOutput output_;        // this and the next three: writer thread
  bool torn_line_ = false;  // the last write ended inside a line
  bool failing_ = false;    // reported already
  bool given_up_ = false;   // stopping, and the output is stuck
  const bool is_path_;
  std::atomic<std::uint64_t> unwritten_lines_{0};
  std::atomic<bool> stop_{false};

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, drained_;
  struct Item {
    std::string batch;
    std::optional<LogOutput> reopened;  // set: no batch, write to this from here on
  };
  std::deque<Item> queue_;
  std::vector<std::string> spare_;
  std::size_t queued_bytes_ = 0;
  std::uint64_t submitted_ = 0, finished_ = 0;  // items
  std::thread thread_;
};

}  // namespace weir::observe
