#include "control/rollout_events.hpp"

#include <utility>

#include "observe/events.hpp"

namespace weir::control {
namespace {

using rollout::Decision;
using rollout::Kind;
using rollout::Side;

void name_kind(observe::Event& event, Kind kind) {
  switch (kind) {
    case Kind::started:
      event.kind = "rollout_started";
      return;
    case Kind::step:
      event.kind = "rollout_step";
      return;
    case Kind::held:
      event.kind = "rollout_held";
      event.level = config::LogLevel::warn;
      return;
    case Kind::resumed:
      event.kind = "rollout_resumed";
      return;
    case Kind::noted:
      event.kind = "rollout_noted";
      event.level = config::LogLevel::warn;
      return;
    case Kind::rolled_back:
      event.kind = "rollout_rolled_back";
      event.level = config::LogLevel::error;
      return;
    case Kind::finished:
      event.kind = "rollout_finished";
      return;
  }
}

double percent_number(rollout::Share share) {
  return share / 100.0;
}

void emit_with(observe::Event event, const rollout::Names& names, std::string cause, std::string sentence) {
  event.level = config::LogLevel::warn;
  event.upstream = names.canary;
  event.route = names.route;
  event.cause = std::move(cause);
  event.text = std::move(sentence);
  observe::emit(std::move(event));
}

}  // namespace

void emit_decision(const Decision& decision, const rollout::Names& names) {
  const rollout::Totals& canary = decision.totals[rollout::index(Side::canary)];
  const rollout::Totals& other = decision.totals[rollout::index(Side::comparison)];
  observe::Event event;
  name_kind(event, decision.kind);
  event.upstream = names.canary;
  event.route = names.route;
  if (decision.cause != rollout::Cause::none) event.cause = to_string(decision.cause);
  const auto number = [](auto value) { return static_cast<double>(value); };
  event.numbers = {{"from_percent", percent_number(decision.from)},
                   {"to_percent", percent_number(decision.to)},
                   {"seconds", number(decision.counted_time.count()) / 1'000},
                   {"canary_requests", number(canary.requests)},
                   {"canary_failed", number(canary.failed)},
                   {"canary_client_errors", number(canary.client_errors)},
                   {"comparison_requests", number(other.requests)},
                   {"comparison_failed", number(other.failed)},
                   {"comparison_client_errors", number(other.client_errors)},
                   {"evidence", decision.evidence},
                   {"limit", decision.limit}};
  event.text = decision.sentence;
  observe::emit(std::move(event));
}

void emit_restarted(const rollout::Names& names, std::string cause, std::string sentence) {
  observe::Event event;
  event.kind = "rollout_restarted";
  emit_with(std::move(event), names, std::move(cause), std::move(sentence));
}

void emit_aborted(const rollout::Names& names, std::string cause, std::string sentence) {
  observe::Event event;
  event.kind = "rollout_aborted";
  emit_with(std::move(event), names, std::move(cause), std::move(sentence));
}

}  // namespace weir::control
