// The addresses that Weir itself listens on, compared with those that the configuration names. Of names, only those of
// loopback are known here: nothing is looked up. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "config/model.hpp"

namespace weir::config {

/// Whether a socket at `wide` would take what is meant for `narrow`: 0.0.0.0 is every IPv4 address, and [::] every
/// address, because Weir's listeners there serve IPv4, too.
bool covers(const IpAddress& wide, const IpAddress& narrow);

/// Whether a connection to the endpoint would reach the socket at `own`.
bool reaches(const Endpoint& endpoint, const SocketAddress& own, const Resolver& resolver);

/// One line for each endpoint that is admin.address. No error: a route with an access list may be meant to show it.
std::vector<std::string> admin_endpoint_warnings(const Config& config);

}  // namespace weir::config
