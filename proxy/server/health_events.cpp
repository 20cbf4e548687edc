#include "server/health_events.hpp"

#include <string>
#include <utility>

#include "observe/events.hpp"
#include "upstream/ejection_text.hpp"
#include "upstream/panic.hpp"

namespace weir::server {

using config::LogLevel;

void tell(const UpstreamRuntime& upstream, upstream::EndpointState& endpoint,
          const upstream::Verdict& verdict, TimePoint now) {
  const config::PassiveHealth& settings = upstream.config->passive_health;
  if (verdict.change == health::Change::none && !verdict.announce) return;
  if (verdict.change != health::Change::none) {
    endpoint.last_change.set(upstream::reason_text(verdict, settings), now);
  }
  observe::Event event;
  event.level = verdict.change == health::Change::recovered ? LogLevel::info : LogLevel::warn;
  event.kind = upstream::verdict_kind(verdict);
  event.upstream = upstream.config->name;
  // A shared cause is nobody's own.
  if (verdict.held != upstream::Held::shared_cause) event.endpoint = endpoint.label;
  event.text = upstream::verdict_text(verdict, settings, upstream.config->name, endpoint.label);
  observe::emit(std::move(event));
}

void watch_panic(const UpstreamRuntime& upstream) {
  const bool panic = upstream::panicking(upstream.candidates);
  const upstream::PanicChange change = upstream.shared->panic.observe(panic);
  if (change == upstream::PanicChange::none) return;
  const bool began = change == upstream::PanicChange::began;
  const upstream::Standing standing = upstream::standing_of(upstream.candidates);
  observe::Event event;
  event.level = began ? LogLevel::error : LogLevel::info;
  event.kind = began ? "panic" : "calm";
  event.upstream = upstream.config->name;
  event.text = began ? upstream::panic_text(standing, upstream.config->name)
                     : upstream::calm_text(standing, upstream.config->name);
  observe::emit(std::move(event));
}

}  // namespace weir::server
