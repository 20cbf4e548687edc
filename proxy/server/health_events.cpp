#include "server/health_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "observe/events.hpp"
#include "upstream/ejection_text.hpp"
#include "upstream/panic.hpp"

namespace weir::server {

using config::LogLevel;

void report_verdict(const UpstreamRuntime& upstream, upstream::EndpointState& endpoint,
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
  // A shared cause is of no single endpoint.
  if (verdict.held != upstream::Held::shared_cause && verdict.held != upstream::Held::request)
    event.endpoint = endpoint.label;
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

void report_backups(const UpstreamRuntime& upstream, bool on_backups) {
  std::atomic<bool>& reported = upstream.shared->on_backups;
  if (reported.load(std::memory_order_relaxed) == on_backups) return;
  if (reported.exchange(on_backups, std::memory_order_relaxed) == on_backups) return;
  const auto backups = std::ranges::count_if(upstream.candidates, &upstream::Candidate::backup);
  const std::string& name = upstream.config->name;
  observe::Event event;
  event.level = on_backups ? LogLevel::warn : LogLevel::info;
  event.kind = on_backups ? "backups_in_use" : "backups_at_rest";
  event.upstream = name;
  if (on_backups) {
    event.text = fmt::format("{}: requests go to backups: none of {} other endpoints is usable", name,
                             upstream.candidates.size() - static_cast<std::size_t>(backups));
  } else {
    event.text = fmt::format("{}: requests go to backups no longer{}", name,
                             backups == 0 ? ": it has none any more" : "");
  }
  observe::emit(std::move(event));
}

void watch_backups(const UpstreamRuntime& upstream) {
  if (!upstream.shared->on_backups.load(std::memory_order_relaxed)) return;
  const bool needed = upstream.rules.backups &&
                      std::ranges::none_of(upstream.candidates, [](const upstream::Candidate& candidate) {
                        return !candidate.backup && candidate.state->usable();
                      });
  if (!needed) report_backups(upstream, false);
}

}  // namespace weir::server
