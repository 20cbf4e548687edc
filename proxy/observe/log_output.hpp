// The file, pipe or terminal that log lines go to: opening it, and writing to it without ever blocking longer
// than the caller allows, whatever the mode of an inherited descriptor. One thread at a time; POSIX only.
// SIGPIPE must be ignored (main does).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace weir::observe {

class LogOutput {
 public:
  /// `name`: "stdout", "stderr" or a path (created 0640, appended to). Throws std::system_error when the file
  /// cannot be opened; a FIFO without a reader is such a case.
  explicit LogOutput(std::string name);
  ~LogOutput();
  LogOutput(LogOutput&& other) noexcept;
  LogOutput& operator=(LogOutput&& other) noexcept;

  const std::string& name() const { return name_; }
  bool is_path() const { return owned_; }

  struct Written {
    std::size_t bytes = 0;
    int error = 0;  // errno; EAGAIN: the output took nothing within `wait`
  };
  /// Writes from the front of `text`, perhaps not all of it: as many whole lines as one write may carry
  /// without blocking, otherwise a part of the first one.
  Written write_some(std::string_view text, Milliseconds wait);

 private:
  std::string name_;
  int fd_ = -1;
  bool owned_ = false;
  bool regular_ = false;
};

}  // namespace weir::observe
