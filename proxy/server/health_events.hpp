// Events about endpoints, for operators: each transition of passive health and of panic becomes one event with
// its reason and numbers. Any thread; rare, so it may take a lock and allocate.
#pragma once

#include "core/clock.hpp"
#include "server/snapshot.hpp"
#include "upstream/ejection.hpp"

namespace weir::server {

/// Does nothing for a verdict that changed nothing and holds nothing new.
void report_verdict(const UpstreamRuntime& upstream, upstream::EndpointState& endpoint,
                    const upstream::Verdict& verdict, TimePoint now);

/// Emits an event when panic began or ended since the last call for this upstream. Called where a request finds no
/// usable endpoint, and every now and then by the control thread.
void watch_panic(const UpstreamRuntime& upstream);

/// Emits an event once when requests start to go to backups, and once when they no longer do.
void report_backups(const UpstreamRuntime& upstream, bool on_backups);

/// Emits the event that ends the use of backups where no request has done so: other endpoints are
/// usable again, or the configuration has no backups any more.
void watch_backups(const UpstreamRuntime& upstream);

}  // namespace weir::server
