// Runs one program as a child: its output is captured line by line, waits have deadlines, and the child never
// outlives this object. Started from the test's main thread; the other calls are safe from any thread.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/deadline.hpp"
#include "support/unique_fd.hpp"

namespace weir::testing {

struct ExitStatus {
  int code = -1;   // of exit(), or -1
  int signal = 0;  // that killed it, or 0
  bool operator==(const ExitStatus&) const = default;
};
std::string to_string(const ExitStatus& status);

struct ProcessOptions {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // added to the test's own
  std::string working_directory;                   // empty: the test's own
};

class Process {
 public:
  Process(const std::string& program, ProcessOptions options);
  ~Process();  // SIGKILL when it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;

  /// First line of standard output, complete, from line `from` on, for which `matches` holds. Throws
  /// TestFailure with everything that was written when the deadline passes or the output ends.
  std::string wait_for_line(const std::function<bool(std::string_view)>& matches, const std::string& what,
                            const Deadline& deadline = Deadline(), std::size_t from = 0);
  /// Waits until standard error contains `text`.
  void wait_for_error_text(const std::string& text, const Deadline& deadline = Deadline());

  ExitStatus wait_exit(const Deadline& deadline = Deadline());
  std::optional<ExitStatus> exited();

  std::vector<std::string> output_lines() const;  // complete lines so far
  std::string error_text() const;
  /// Both streams, for failure messages.
  std::string transcript() const;

 private:
  static constexpr std::size_t captured_bytes_max = 64 * 1024 * 1024;

  void start(const std::string& program, const ProcessOptions& options, int out_fd, int err_fd);
  void capture(UniqueFd out, UniqueFd err);
  void take_output(std::string_view bytes);
  bool reap(int timeout_ms);

  pid_t pid_ = -1;
  UniqueFd pid_fd_;
  std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::string partial_line_, error_text_;
  bool output_ended_ = false, capture_ended_ = false;
  std::optional<ExitStatus> status_;
  std::thread reader_;
};

/// Runs a program to its end.
struct Finished {
  ExitStatus status;
  std::string output, errors;
};
Finished run_to_end(const std::string& program, ProcessOptions options,
                    const Deadline& deadline = Deadline());

}  // namespace weir::testing
