// The error log: spdlog behind one function per level, JSON or text lines. Any thread. Never called per
// request on the request path except for failures, and never blocks there: a line that a pipe's slow reader
// leaves no room for is dropped, and the next line that gets through is preceded by one that says how many
// were.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "config/model.hpp"

namespace weir::observe {

inline constexpr std::size_t log_message_bytes_max = 3 * 1024;  // longer ones are cut

/// Before this is called, messages go to stderr as text. May be called again (reload): level, format and
/// output change between two lines. Throws std::system_error when the file cannot be opened; nothing has
/// changed then.
void configure_log(const config::Log& settings);
/// SIGUSR1: opens the log file anew. A failure keeps the old file and is logged there.
void reopen_log();
void log_line(config::LogLevel level, std::string_view message);
bool log_enabled(config::LogLevel level);

template <class... Args>
void log(config::LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) log_line(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace weir::observe
