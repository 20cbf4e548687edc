#include "io/spawn.hpp"

#include <array>
#include <atomic>
#include <string>

#include "observe/line_throttle.hpp"
#include "observe/log.hpp"

namespace weir::io {
namespace {

std::atomic<std::uint64_t> withheld_lines{0};

/// One throttle a name, so that what clients cause does not hide the rest. There are a dozen names, all literals; those
/// that find no room share the last one.
observe::LineThrottle& throttle_of(const char* name) {
  struct Named {
    const char* name = nullptr;
    observe::LineThrottle throttle;
  };
  static thread_local std::array<Named, 16> known;
  for (Named& each : known) {
    if (each.name == nullptr) each.name = name;
    if (each.name == name) return each.throttle;
  }
  return known.back().throttle;
}

void write_line(const char* name, const char* what) {
  const auto withheld = throttle_of(name).admit(Clock::now());
  if (!withheld) {
    withheld_lines.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const std::string more = *withheld > 0 ? fmt::format(" ({} failures withheld)", *withheld) : "";
  observe::log(config::LogLevel::error, "{}: {}{}", name, what, more);
}

}  // namespace

void log_failure(const char* name, const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& thrown) {
    try {
      write_line(name, thrown.what());
    } catch (...) {  // no memory for the line either
    }
  } catch (...) {
  }
}

std::uint64_t failure_lines_withheld() noexcept {
  return withheld_lines.load(std::memory_order_relaxed);
}

}  // namespace weir::io
