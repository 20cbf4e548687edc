// How an attempt at an endpoint ended, as its passive health and its failure counters are told: the same for requests
// and for copies of them. Worker thread.
#pragma once

#include "balance/balance.hpp"
#include "core/error.hpp"
#include "server/generation.hpp"
#include "upstream/blame.hpp"

namespace weir::server {

/// `error`, or (nullptr) a response with `status`; `failure` is what passive health hears of it, a config::Failure bit
/// or 0. Tells what changes.
void report_health(const UpstreamView& view, const balance::Pick& pick, TimePoint now, const Error* error,
                   int status, std::uint16_t failure);

/// A try ended with a status that counts as failure: the verdict waits for the end of the request. Until then the
/// endpoint may be under suspicion (upstream::is_suspect).
void hold_failure(const UpstreamView& view, upstream::RequestBlame& blame,
                  const upstream::HeldFailure& failure);

/// A request with failures by status has ended: they count, or the request is blamed (upstream/blame.hpp). `answered`:
/// some endpoint served it. Leaves `blame` empty.
void settle_blame(const UpstreamView& view, upstream::RequestBlame& blame, bool answered, TimePoint now);

}  // namespace weir::server
