// What happens to endpoints, told to people: each transition of passive health and of panic becomes one event with
// its reason and numbers. Any thread; rare, so it may take a lock and allocate.
#pragma once

#include "core/clock.hpp"
#include "server/snapshot.hpp"
#include "upstream/ejection.hpp"

namespace weir::server {

/// Does nothing for a verdict that changed nothing and holds nothing new.
void tell(const UpstreamRuntime& upstream, upstream::EndpointState& endpoint,
          const upstream::Verdict& verdict, TimePoint now);

/// Tells when panic began or ended since the last call for this upstream. Called where a request finds no usable
/// endpoint, and every now and then by the control thread.
void watch_panic(const UpstreamRuntime& upstream);

/// Says once when requests start to go to backups, and once when they no longer do.
void tell_backups(const UpstreamRuntime& upstream, bool on_backups);

/// Ends what was told about backups where it holds no longer although no request has said so: other endpoints are
/// usable again, or the configuration has no backups any more.
void watch_backups(const UpstreamRuntime& upstream);

}  // namespace weir::server
