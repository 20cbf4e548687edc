// What more than one part of an exchange sees: what was decided about the request, what endpoints get of it, and what
// the log says. Objects are reused, so reset() keeps the capacity of strings, as empty_text does. Plain values; worker
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/uuid.hpp"
#include "grpc/status.hpp"
#include "http/forwarded.hpp"
#include "io/reactor.hpp"
#include "observe/access_log.hpp"
#include "relay/relay_body.hpp"
#include "route/in_flight.hpp"
#include "server/generation.hpp"
#include "server/grpc_body.hpp"
#include "server/grpc_web.hpp"
#include "server/snapshot.hpp"
#include "split/split.hpp"

namespace weir::server {

/// Before any endpoint is involved; stands for all tries.
struct Decision {
  std::string host, path;      // normalised
  std::string decoded_path;    // path with its encoded slashes read as slashes, where it has any
  std::string resolved_path;   // the client's path without its dot segments, where it has any
  std::string_view sent_path;  // what the endpoint gets where nothing is rewritten
  const RouteRuntime* route = nullptr;
  const config::ProxyAction* proxy = nullptr;
  std::size_t upstream = config::no_upstream;     // where it goes, once that is known
  const UpstreamView* view = nullptr;             // the same, as this worker sees it
  const config::Timeouts* timeouts = nullptr;     // of this route with that upstream
  split::Why split_why = split::Why::weight;      // where the route has a split
  char split_key[split::cookie_key_digits] = {};  // of a client that has none yet
  std::string set_cookie;                         // value of a Set-Cookie that the response gets; empty: none
  std::string limit_fields;                       // RateLimit and its like, for whatever answer
  const LimitRuntime* limited_by = nullptr;       // refused, or in shadow would have
  const LimitRuntime* refused_by = nullptr;
  route::InFlightPlace place;           // of a route with max_in_flight
  route::InFlightPlace upstream_place;  // of an upstream with max_requests
  http::ForwardedFacts forwarded;
  std::array<char, uuid_length> request_id_buffer;
  std::array<char, traceparent_length> traceparent_buffer;
  std::string_view request_id, traceparent;
  bool traceparent_kept = false;
  bool grpc = false;  // its Content-Type says so: a call of gRPC, or of gRPC-Web where the route has that

  void reset();
};

/// Of such a call.
struct GrpcCall {
  static constexpr std::size_t nowhere = std::string::npos;

  std::unique_ptr<GrpcWebCall> web;  // null: it is none of gRPC-Web
  std::optional<Duration> timeout;   // that its client gave it
  std::size_t timeout_at = nowhere;  // where OutgoingRequest::bytes say what is left of it
  std::optional<GrpcBody> upload;    // the body of the request, of all tries
  std::optional<GrpcBody> body;      // of the response
  std::optional<grpc::Status>
      reset_status;                  // what the endpoint's reset of the stream stands for, of the last try
  std::optional<grpc::Status> said;  // to the client

  /// What `error`, with which the last try ended or which is Weir's own, is to a client.
  grpc::Status status_of(const Error& error) const;
  void reset();
};

/// What endpoints get of the request. `progress` and `upload_*` belong to one try and are replaced with it.
struct OutgoingRequest {
  std::string bytes;  // head
  std::string target;
  std::string nominated;  // by Connection: no trailer of these names passes
  http::Framing framing;  // as we send it
  std::string replay;     // body bytes of earlier tries, which this one sends again
  std::string trailers;   // that go with them, once the client has sent all
  bool upgrade = false;   // the client asks for WebSocket
  relay::RelayProgress progress;
  std::optional<relay::RelayEnd> upload_end;
  std::optional<io::Signal> upload_done;

  void end_try();
  void reset();
};

/// For the log and the metrics.
struct Outcome {
  int status = 0;  // sent to the client; 0: none
  std::uint64_t body_bytes = 0;
  std::optional<Error> error;  // why Weir answered itself or cut the response
  std::string_view reason;
  std::string kept_texts;  // what the log needs once the head's buffer is gone
  std::vector<observe::AttemptRecord> attempts;
  std::string_view retry_refusal;  // why there was no further attempt although it was wanted
  double queue_ms = -1;            // waited for an endpoint, or at a paused route; < 0: did not

  void reset();
};

}  // namespace weir::server
