// Why there is no connection to an endpoint, as the error that it is. Pure; any thread.
#pragma once

#include "core/error.hpp"
#include "io/reactor.hpp"

namespace weir::server {

/// `status` is anything but ok. `total_timeout`: it was timeouts.total that ran out, not timeouts.connect.
Error connect_error(io::IoStatus status, bool total_timeout);

}  // namespace weir::server
