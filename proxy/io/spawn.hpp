// A coroutine that runs beside everything else: the one way to start it. What it throws (out of memory, mostly) ends it
// alone, is logged with its name, and reaches the code that has to clean up. The loop's thread.
#pragma once

#include <cstdint>
#include <exception>
#include <utility>

#include "core/task.hpp"

namespace weir::io {

/// Writes "NAME: what was thrown" to the error log, as well as memory allows: one line a second of each name and
/// thread, because clients can cause them as often as they like. `name` is a literal.
void log_failure(const char* name, const std::exception_ptr& failure) noexcept;
/// Lines that all threads have withheld.
std::uint64_t failure_lines_withheld() noexcept;

namespace detail {

template <class Ended>
void call_ended(const char* name, Ended& ended, bool well) noexcept {
  try {
    ended(well);
  } catch (...) {
    log_failure(name, std::current_exception());
  }
}

template <class Start, class Ended>
Detached run_spawned(const char* name, Start start, Ended ended) {
  bool well = false;
  try {
    Task<> task = start();
    co_await task;
    well = true;
  } catch (...) {
    log_failure(name, std::current_exception());
  }
  call_ended(name, ended, well);
}

}  // namespace detail

/// Starts what `start` returns (a Task<>), at once. `ended` is called exactly once, with whether it came to its end
/// without an exception: also when there was no memory to begin. It may come within this call. `ended` is copied, so
/// that it works when the coroutine's frame could not be made; its copy must not throw.
template <class Start, class Ended>
void spawn(const char* name, Start start, Ended ended) noexcept {
  try {
    detail::run_spawned(name, std::move(start), ended);
  } catch (...) {  // no frame: nothing of it has run
    log_failure(name, std::current_exception());
    detail::call_ended(name, ended, false);
  }
}

}  // namespace weir::io
