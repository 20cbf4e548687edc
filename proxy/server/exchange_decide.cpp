// Who the client is, which ids the request carries, which route it takes, and whether it may come in.
#include "server/exchange_decide.hpp"

#include <algorithm>

#include "http/hops.hpp"
#include "http/text.hpp"
#include "http/uri.hpp"
#include "route/acme.hpp"
#include "route/readings.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

std::string_view value_of(const http::RequestHead& head, std::string_view lower_name) {
  for (const http::Field& field : head.fields) {
    if (field.id == http::FieldId::unknown && http::iequals(field.name, lower_name)) return field.value;
  }
  return {};
}

}  // namespace

void Decider::make_request_id() {
  const auto since_epoch = std::chrono::duration_cast<Milliseconds>(context_.wall_started.time_since_epoch());
  write_uuid_v7(static_cast<std::uint64_t>(since_epoch.count()), context_.worker.rng(),
                decided_.request_id_buffer.data());
  decided_.request_id = {decided_.request_id_buffer.data(), decided_.request_id_buffer.size()};
}

void Decider::identify() {
  const auto& config = *context_.generation->snapshot->config;
  http::evaluate_forwarded(context_.head, context_.session().peer().ip, context_.session().is_tls(),
                           context_.session().local_port(), config.trusted_proxies, decided_.forwarded);
  const std::string_view given_id =
      decided_.forwarded.peer_trusted ? value_of(context_.head, "x-request-id") : std::string_view{};
  if (http::valid_request_id(given_id)) {
    decided_.request_id = given_id;
  } else {
    make_request_id();
  }
  const std::string_view given_trace =
      decided_.forwarded.peer_trusted ? value_of(context_.head, "traceparent") : std::string_view{};
  decided_.traceparent_kept = http::valid_traceparent(given_trace);
  if (decided_.traceparent_kept) {
    decided_.traceparent = given_trace;
  } else {
    write_traceparent(context_.worker.rng(), decided_.traceparent_buffer.data());
    decided_.traceparent = {decided_.traceparent_buffer.data(), decided_.traceparent_buffer.size()};
  }
}

Result<void> Decider::normalise() {
  http::normalise_host(context_.head.host, decided_.host);
  if (context_.head.form == http::TargetForm::asterisk) {
    decided_.path = decided_.sent_path = "/";  // `OPTIONS *` asks about the server: it goes where "/" goes
    return {};
  }
  if (auto normal = http::normalise_path(context_.head.path, decided_.path); !normal) return normal;
  return route::choose_sent_path(context_.listener().path, context_.head.path, decided_.path,
                                 decided_.resolved_path, decided_.sent_path);
}

bool Decider::came_through_here() const {
  return context_.head.has_via && http::came_through(context_.head, context_.worker.via());
}

bool Decider::redirects_to_https() const {
  return context_.listener().redirect_to_https.has_value() && decided_.forwarded.proto != "https" &&
         !route::is_acme_challenge(decided_.path);
}

Result<void> Decider::find_route() {
  const Snapshot& snapshot = *context_.generation->snapshot;
  route::Request request;
  request.host = decided_.host;
  request.path = decided_.path;
  request.method = context_.head.method_text;
  request.fields = &context_.head.fields;
  request.listener = snapshot.listener_index(context_.session().listener().slot);
  request.scheme = decided_.forwarded.proto;
  const auto found = route::find_for_all_readings(*snapshot.table, request, decided_.decoded_path);
  if (!found) return found.error();
  const std::size_t index = *found;
  if (index == route::no_route) return client_error(ErrorKind::no_route, "no route matches");
  decided_.route = &(*snapshot.routes)[index];
  context_.worker.metrics().request_started(decided_.route->name);
  return {};
}

Result<void> Decider::admit() {
  for (const auto& list : decided_.route->access) {
    if (list->clients.contains(decided_.forwarded.client_ip)) continue;
    ++context_.worker.metrics().refused(decided_.route->name).access_denied;
    return client_error(ErrorKind::access_denied, "refused by access list " + list->name);
  }
  if (decided_.route->in_flight &&
      !decided_.place.take(*decided_.route->in_flight, decided_.route->config->max_in_flight)) {
    ++context_.worker.metrics().refused(decided_.route->name).max_in_flight;
    return self_error(ErrorKind::max_in_flight, "route " + decided_.route->config->name +
                                                    " has as many requests as it may have at once");
  }
  return {};
}

void Decider::go_by(const config::ProxyAction& proxy) {
  decided_.proxy = &proxy;
  decided_.timeouts = &decided_.route->timeouts;
  if (proxy.upstream != config::no_upstream) go_to(proxy.upstream);
}

void Decider::go_to(std::size_t upstream) {
  decided_.upstream = upstream;
  decided_.view = &context_.generation->upstreams[upstream];
}

Result<void> Decider::check_body_limit() const {
  const std::uint64_t limit = context_.listener().limits.body_bytes;
  if (limit != 0 && context_.head.body.kind == http::BodyKind::length && context_.head.body.length > limit) {
    return client_error(ErrorKind::body_too_large, "Content-Length exceeds limits.body_bytes");
  }
  return {};
}

Result<void> Decider::enter_upstream() {
  const UpstreamRuntime& upstream = *context_.view().runtime;
  if (!upstream.in_flight ||
      decided_.upstream_place.take(*upstream.in_flight, upstream.config->max_requests)) {
    return {};
  }
  ++context_.view().counters->refused_max_requests;
  return self_error(ErrorKind::max_requests,
                    "upstream " + upstream.config->name + " has as many requests as it may have at once");
}

}  // namespace weir::server
