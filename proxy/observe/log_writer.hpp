// Where log bytes go: one writer thread for the access log. Workers hand over whole batches; a full queue drops
// the batch and says so (bounded memory, workers never block on a slow disk or pipe). reopen() for log rotation.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace weir::observe {

class LogWriter {
 public:
  static constexpr std::size_t queue_bytes_max = 64 * 1024 * 1024;

  /// `output`: "stdout", "stderr" or a path (created 0640, appended to). Throws std::system_error when the file
  /// cannot be opened.
  explicit LogWriter(std::string output);
  ~LogWriter();  // writes what is queued, then stops
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Takes over `batch` (whole lines) and leaves it empty, with a capacity worth reusing. False: the queue was
  /// full and the batch was dropped. Any thread.
  bool submit(std::string& batch);
  /// Opens the file anew before the next write (SIGUSR1); a failure keeps the old file and is returned as text.
  void reopen();
  /// Blocks until everything submitted so far is written (tests, shutdown).
  void flush();

 private:
  void run();
  int open_output() const;

  const std::string output_;
  int fd_ = -1;
  std::mutex mutex_;
  std::condition_variable wake_, drained_;
  std::deque<std::string> queue_;
  std::deque<std::string> spare_;
  std::size_t queued_bytes_ = 0;
  bool writing_ = false, reopen_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace weir::observe
