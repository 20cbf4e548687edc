// Document -> Config: the root of all parse functions. Pure but for the files that the document names; the
// control thread.
#pragma once

#include "config/document.hpp"
#include "config/model.hpp"
#include "config/reader.hpp"

namespace weir::config {

/// What could be read of `root`; good only when `context` has no problems afterwards. `hash` stays empty.
Config build(const Node& root, Context& context);

}  // namespace weir::config
