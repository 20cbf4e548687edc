// GCC 12 miscompiles some full expressions that contain `co_await`: members are destroyed twice, or the
// compiler crashes. The rule is: name it, then move it. This finds what breaks the rule, by tokens.
#pragma once

#include <vector>

#include "tidy/source.hpp"

namespace weir::tidy {

/// Statements that contain `co_await` next to `?:`, a braced temporary or a lambda temporary that captures.
std::vector<Finding> coroutine_hazards(const SourceFile& file);

}  // namespace weir::tidy
