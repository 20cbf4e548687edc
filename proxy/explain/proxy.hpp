// What `weir explain` says about a request that goes to an upstream, and about the header policies. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "explain/explanation.hpp"
#include "http/forwarded.hpp"
#include "http/head.hpp"
#include "http/header_policy.hpp"
#include "split/weights.hpp"

namespace weir::control {

/// One path in its forms: normalised for rules, as the endpoint gets it, and without dot segments ("" where it had
/// none).
struct PathTexts {
  std::string_view judged, sent, resolved;
};

/// What of a split changes while Weir runs.
struct SplitNow {
  std::span<const std::uint32_t> weights;  // by target
  split::Mask alive = split::everyone;     // targets that can be used
  split::Mask taken_back = 0;              // targets that a rollout took back: they keep no client
};

/// `route` must have a ProxyAction. `now`: null for what the configuration says; otherwise the route has a split. Ids
/// that Weir would make for this one request are shown as what they are.
ProxyPlan plan_proxy(const config::Config& config, const config::Route& route, const http::RequestHead& head,
                     const PathTexts& path, const http::ForwardedFacts& forwarded,
                     const http::CompiledFields& policy, const SplitNow* now = nullptr);

/// What `compiled`, made from `policies`, does to every response.
ResponseChanges response_changes(const http::CompiledFields& compiled,
                                 const std::vector<const config::HeaderPolicy*>& policies);

}  // namespace weir::control
