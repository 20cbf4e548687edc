// upstreams.NAME.passive_health: what counts as a failure, when an endpoint is taken out for it and for how long.
// Pure; the control thread.
#pragma once

#include "config/model.hpp"
#include "config/reader.hpp"

namespace weir::config {

PassiveHealth parse_passive_health(const Field& field);

}  // namespace weir::config
