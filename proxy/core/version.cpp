#include "core/version.hpp"

// Both come from cmake/version.cmake, for this file only: a new commit recompiles nothing else.
#if !defined(WEIR_VERSION) || !defined(WEIR_COMMIT)
#error "build with CMake: it defines WEIR_VERSION and WEIR_COMMIT"
#endif

namespace weir {

std::string_view version() {
  return WEIR_VERSION;
}
std::string_view commit() {
  return WEIR_COMMIT;
}

}  // namespace weir
