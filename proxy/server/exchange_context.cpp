#include "server/exchange_context.hpp"

#include "route/readings.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {

void ExchangeContext::begin(Client& its_client) {
  const Session& its_session = its_client.session();
  client = &its_client;
  generation = worker.generation();
  started = worker.reactor().now();
  wall_started = worker.reactor().wall_now();
  decided.forwarded.client_ip = its_session.peer().ip;
  decided.forwarded.proto = its_session.is_tls() ? "https" : "http";
}

void ExchangeContext::reset() {
  decided.reset();  // its places before the generation, which keeps their counts alive
  grpc.reset();
  rollout.runtime = nullptr;
  outcome.reset();
  head.clear();
  deadline = TimePoint::max();
  client = nullptr;
  generation.reset();
}

const config::Listener& ExchangeContext::listener() const {
  return session().listener().config;
}

std::uint64_t ExchangeContext::hash_key_for(const UpstreamRuntime& of) const {
  if (of.rules.policy != config::Balance::hash) return 0;
  return of.hash_key.key_of(head.fields, decided.forwarded.client_ip,
                            route::key_path(decided.path, decided.decoded_path));
}

TimePoint ExchangeContext::now() const {
  return worker.reactor().now();
}

void ExchangeContext::watch_client(ClientObserver& observer) const {
  client->watch(&observer);
  if (const io::IoStatus why = client->has_left(); why != io::IoStatus::ok) observer.on_client_left(why);
}

void ExchangeContext::keep_texts() {
  std::string_view agent, referer;
  if (const http::Field* field = head.find(http::FieldId::user_agent)) agent = field->value;
  if (const http::Field* field = head.find(http::FieldId::referer)) referer = field->value;
  std::string_view* texts[] = {&head.method_text,   &head.host,           &head.path, &head.query,
                               &decided.request_id, &decided.traceparent, &agent,     &referer};
  std::size_t total = 0;
  for (const std::string_view* text : texts) total += text->size();
  outcome.kept_texts.clear();
  outcome.kept_texts.reserve(total);  // so that the views stay good while it grows
  for (std::string_view* text : texts) {
    const std::size_t at = outcome.kept_texts.size();
    outcome.kept_texts += *text;
    *text = std::string_view(outcome.kept_texts).substr(at);
  }
  head.fields.clear();
  head.fields.push_back({http::FieldId::user_agent, "User-Agent", agent});
  head.fields.push_back({http::FieldId::referer, "Referer", referer});
}

}  // namespace weir::server
