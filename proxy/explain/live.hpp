// What the running process says about a request at this moment, for `weir explain --live`: the same state that the
// request path goes by, read and never changed. No token is taken, no turn, no place and no bucket made. Control
// thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "explain/present_facts.hpp"
#include "explain/proxy.hpp"
#include "http/head.hpp"
#include "limit/overload.hpp"
#include "server/snapshot.hpp"

namespace weir::control {

/// Everything lives for the call.
struct LiveSource {
  const server::Snapshot& snapshot;
  const limit::Overload& overload;
  std::string_view state;  // of the process: ready, draining
  std::size_t workers = 1;
  TimePoint now;
  std::chrono::system_clock::time_point wall_now;
  std::function<std::string(const upstream::EndpointState&)>
      taken_out;                                                     // by whom and why; empty where it is not
  std::function<std::string(const std::string& route)> weights_set;  // by whom and why; empty where it is not
  std::function<std::string(const std::string& route)> paused;       // by whom and why; empty where it is not
};

/// What balancing goes by beside the endpoints.
struct LiveRequest {
  const http::RequestHead& head;
  const IpAddress& client_ip;
  std::string_view key_path;  // route::key_path
};

class LiveView {
 public:
  explicit LiveView(const LiveSource& source) : source_(source) {}

  const config::Config& config() const { return *source_.snapshot.config; }
  const route::RouteTable& table() const { return *source_.snapshot.table; }

  /// Of the process.
  PresentFacts facts() const;
  /// A place below max_in_flight; the error that the request would end with where none is left.
  std::optional<Error> enter_route(std::size_t route, PresentFacts& facts) const;
  /// A place among those that wait, where the route is paused; the error where none is left. The route proxies.
  std::optional<Error> enter_pause(std::size_t route, PresentFacts& facts) const;
  const server::LimitRuntime& limit(std::size_t index) const { return (*source_.snapshot.limits)[index]; }
  LiveBucket bucket(const server::LimitRuntime& limit, std::uint64_t hash, bool& has_token) const;
  /// Weights in force and what can be used. The route has a split.
  SplitNow enter_split(std::size_t route, PresentFacts& facts) const;
  /// A place below max_requests and an endpoint; or with what the request would end. One that would wait in the queue
  /// does not end.
  std::optional<Error> enter_upstream(std::size_t upstream, const LiveRequest& request,
                                      PresentFacts& facts) const;

 private:
  std::optional<Error> pick(const server::UpstreamRuntime& upstream, const LiveRequest& request,
                            LiveUpstream& shown) const;
  LiveEndpoint endpoint(const server::UpstreamRuntime& upstream, std::size_t index) const;
  std::string time_text(TimePoint time) const;

  const LiveSource& source_;
};

std::string live_text(const PresentFacts& facts);

}  // namespace weir::control
