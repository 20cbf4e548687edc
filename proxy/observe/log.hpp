// The error log: spdlog behind one function per level, JSON or text lines. Any thread. Never called per request
// on the request path except for failures.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "config/model.hpp"

namespace weir::observe {

/// Before this is called, messages go to stderr as text. Throws std::system_error when the file cannot be opened.
void configure_log(const config::Log& settings);
/// SIGUSR1: opens the log file anew.
void reopen_log();
void log_line(config::LogLevel level, std::string_view message);
bool log_enabled(config::LogLevel level);

template <class... Args>
void log(config::LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) log_line(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace weir::observe
