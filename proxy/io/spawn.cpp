#include "io/spawn.hpp"

#include "observe/log.hpp"

namespace weir::io {

void log_failure(const char* name, const std::exception_ptr& failure) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& thrown) {
    try {
      observe::log(config::LogLevel::error, "{}: {}", name, thrown.what());
    } catch (...) {  // no memory for the line either
    }
  } catch (...) {
  }
}

}  // namespace weir::io
