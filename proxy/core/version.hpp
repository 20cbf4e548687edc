// Which Weir this is. Constants of the build; any thread.
#pragma once

#include <string_view>

namespace weir {

/// Semantic version, e.g. "0.1.0".
std::string_view version();
/// Abbreviated commit that was built, or "unknown" outside a git checkout.
std::string_view commit();

}  // namespace weir
