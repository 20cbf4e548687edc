// What is decided about a request before any endpoint is involved: who its client is, which route it takes, whether it
// may come in, and which upstream it goes to. The decisions are in the context (Decision); a step that fails says with
// which error the request ends. Worker thread.
#pragma once

#include <cstddef>
#include <optional>

#include "core/error.hpp"
#include "server/exchange_context.hpp"

namespace weir::server {

/// In the order of Exchange::walk.
class Decider {
 public:
  explicit Decider(ExchangeContext& context) : context_(context), decided_(context.decided) {}

  /// Client address, request id and traceparent (http/forwarded.hpp).
  void identify();
  /// The id alone, of a request whose head could not be read.
  void make_request_id();
  /// Host and path as every rule sees them: nothing looks at the raw ones to decide.
  Result<void> normalise();
  /// Whether Weir's own name is in Via.
  bool came_through_here() const;
  /// Not what a trusted proxy received by HTTPS: the client would come back the same way, for ever.
  bool redirects_to_https() const;
  Result<void> find_route();
  /// What the route says about who may come in, and how many at once.
  Result<void> admit();
  /// Whether the route's rate limits admit the request: before any upstream work and before its body is read.
  Result<void> check_limits() {
    if (decided_.route->limits.empty()) return {};
    return take_tokens();
  }
  /// The route proxies: to this upstream, or to one that choose_side() finds.
  void go_by(const config::ProxyAction& proxy);
  Result<void> check_body_limit() const;
  /// Which side of the route's split it goes to: of a route that has one.
  void choose_side();
  /// For a request that its side did not answer: another one that has a weight and works, as a target of the split;
  /// nothing: there is none.
  std::optional<std::size_t> other_side() const;
  const UpstreamRuntime& upstream_of(std::size_t target) const;
  /// A place of max_requests of that side. False: there is none.
  bool take_place(std::size_t target, route::InFlightPlace& place) const;
  /// It goes there from now on, with the place that it took.
  void leave_for(std::size_t target, route::InFlightPlace place);
  /// max_requests of the upstream: exact over all workers, held until the exchange ends.
  Result<void> enter_upstream();

 private:
  Result<void> take_tokens();
  void note_limited(const LimitRuntime& limit);
  bool side_is_out(const SplitRuntime& split, std::size_t target) const;
  void go_to(std::size_t upstream);

  ExchangeContext& context_;
  Decision& decided_;
};

}  // namespace weir::server
