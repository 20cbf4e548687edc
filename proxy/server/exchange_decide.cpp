// What is decided before any endpoint is involved: who the client is, which ids the request carries, which
// route it takes.
#include <algorithm>

#include "http/text.hpp"
#include "http/uri.hpp"
#include "route/acme.hpp"
#include "route/readings.hpp"
#include "server/exchange.hpp"
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

void Exchange::make_request_id() {
  const auto since_epoch = std::chrono::duration_cast<Milliseconds>(wall_started_.time_since_epoch());
  write_uuid_v7(static_cast<std::uint64_t>(since_epoch.count()), worker_.rng(),
                decided_.request_id_buffer.data());
  decided_.request_id = {decided_.request_id_buffer.data(), decided_.request_id_buffer.size()};
}

void Exchange::identify() {
  const auto& config = *generation_->snapshot->config;
  http::evaluate_forwarded(head, session().peer().ip, session().is_tls(), session().local_port(),
                           config.trusted_proxies, decided_.forwarded);
  const std::string_view given_id =
      decided_.forwarded.peer_trusted ? value_of(head, "x-request-id") : std::string_view{};
  if (http::valid_request_id(given_id)) {
    decided_.request_id = given_id;
  } else {
    make_request_id();
  }
  const std::string_view given_trace =
      decided_.forwarded.peer_trusted ? value_of(head, "traceparent") : std::string_view{};
  decided_.traceparent_kept = http::valid_traceparent(given_trace);
  if (decided_.traceparent_kept) {
    decided_.traceparent = given_trace;
  } else {
    write_traceparent(worker_.rng(), decided_.traceparent_buffer.data());
    decided_.traceparent = {decided_.traceparent_buffer.data(), decided_.traceparent_buffer.size()};
  }
}

/// Host and path as every rule sees them: nothing looks at the raw ones to decide.
Result<void> Exchange::normalise() {
  http::normalise_host(head.host, decided_.host);
  if (head.form == http::TargetForm::asterisk) {
    decided_.path = decided_.sent_path = "/";  // `OPTIONS *` asks about the server: it goes where "/" goes
    return {};
  }
  if (auto normal = http::normalise_path(head.path, decided_.path); !normal) return normal;
  return route::choose_sent_path(listener().path, head.path, decided_.path, decided_.resolved_path,
                                 decided_.sent_path);
}

/// Not what a trusted proxy received by HTTPS: the client would come back the same way, for ever.
bool Exchange::redirects_to_https() const {
  return listener().redirect_to_https.has_value() && decided_.forwarded.proto != "https" &&
         !route::is_acme_challenge(decided_.path);
}

Result<void> Exchange::find_route() {
  const Snapshot& snapshot = *generation_->snapshot;
  route::Request request;
  request.host = decided_.host;
  request.path = decided_.path;
  request.method = head.method_text;
  request.fields = &head.fields;
  request.listener = snapshot.listener_index(session().listener().slot);
  request.scheme = decided_.forwarded.proto;
  const auto found = route::find_for_all_readings(*snapshot.table, request, decided_.decoded_path);
  if (!found) return found.error();
  const std::size_t index = *found;
  if (index == route::no_route) return client_error(ErrorKind::no_route, "no route matches");
  decided_.route = &(*snapshot.routes)[index];
  worker_.metrics().request_started(decided_.route->name);
  return {};
}

/// What the route says about who may come in, and how many at once.
Result<void> Exchange::admit() {
  for (const auto& list : decided_.route->access) {
    if (list->clients.contains(decided_.forwarded.client_ip)) continue;
    ++worker_.metrics().refused(decided_.route->name).access_denied;
    return client_error(ErrorKind::access_denied, "refused by access list " + list->name);
  }
  if (decided_.route->in_flight &&
      !decided_.place.take(*decided_.route->in_flight, decided_.route->config->max_in_flight)) {
    ++worker_.metrics().refused(decided_.route->name).max_in_flight;
    return self_error(ErrorKind::max_in_flight, "route " + decided_.route->config->name +
                                                    " has as many requests as it may have at once");
  }
  return {};
}

Result<void> Exchange::check_body_limit() const {
  const std::uint64_t limit = listener().limits.body_bytes;
  if (limit != 0 && head.body.kind == http::BodyKind::length && head.body.length > limit) {
    return client_error(ErrorKind::body_too_large, "Content-Length exceeds limits.body_bytes");
  }
  return {};
}

}  // namespace weir::server
