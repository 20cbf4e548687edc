#include "support/sanitizer.hpp"

#include <cstdlib>

namespace weir::testing {

bool sanitized() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets it
  static const bool said = std::getenv("WEIR_TEST_SANITIZED") != nullptr;
  return built_sanitized || said;
}

}  // namespace weir::testing
