#include <fmt/format.h>

#include <string>

#include "explain/live.hpp"

namespace weir::control {
namespace {

void item(std::string& out, std::string_view text) {
  out.append("  ").append(text).append("\n");
}

std::string of_bound(const LiveBound& bound, std::string_view what) {
  return bound.max == 0 ? fmt::format("{} {}", bound.used, what)
                        : fmt::format("{} of {} {}", bound.used, bound.max, what);
}

std::string side_text(const LiveSide& side) {
  std::string text = fmt::format("side {}, weight {}", side.upstream, side.weight);
  if (side.weight != side.configured) text += fmt::format(" (configured {})", side.configured);
  text += fmt::format(": {} of {} endpoints usable", side.usable, side.total);
  if (!side.out) return text;
  text += "; out, so its requests go to the other sides";
  if (!side.trial.empty()) text += ", but one every " + side.trial;
  return text;
}

std::string endpoint_text(const LiveEndpoint& endpoint, bool by_chance) {
  std::string text = endpoint.address + "  " + endpoint.state;
  if (!endpoint.until.empty()) text += " until " + endpoint.until;
  if (!endpoint.why.empty()) text += " (" + endpoint.why;
  if (!endpoint.why.empty() && !endpoint.since.empty()) text += ", since " + endpoint.since;
  if (!endpoint.why.empty()) text += ")";
  text += ", " + of_bound(endpoint.requests, "requests");
  if (endpoint.latency_ms) text += fmt::format(", latency {:.3f} ms", *endpoint.latency_ms);
  if (endpoint.slow_start)
    text += fmt::format(", slow start: weight {:.2f} of {}", endpoint.effective_weight, endpoint.weight);
  if (!endpoint.unpicked.empty()) return text + ": not picked, " + endpoint.unpicked;
  return text +
         fmt::format(": {}{:.1f} % of the next picks", by_chance ? "about " : "", 100 * endpoint.share);
}

void upstream_text(std::string& out, const LiveUpstream& upstream) {
  std::string text = "upstream " + upstream.name;
  text += ": " + (upstream.requests.max == 0 ? std::string("no bound on requests")
                                             : of_bound(upstream.requests, "requests at once"));
  if (upstream.queue.max != 0) text += ", " + of_bound(upstream.queue, "in the queue");
  text += fmt::format(", {} of {} retries in 10 s", upstream.retries, upstream.retries_allowed);
  if (upstream.panic) text += ", panic: all that no operator took out share the requests";
  item(out, text);
  for (const LiveEndpoint& endpoint : upstream.endpoints)
    item(out, "  " + endpoint_text(endpoint, upstream.by_chance));
  item(out, "next pick: " + upstream.next);
}

}  // namespace

std::string live_text(const PresentFacts& facts) {
  std::string out = fmt::format("\nnow, in generation {} (config {})\n", facts.generation, facts.config_hash);
  if (facts.state != "ready") item(out, "the process is " + facts.state);
  if (facts.pressed_by.empty()) {
    item(out, "pressure " + facts.pressure);
  } else {
    item(out, "pressure " + facts.pressure + ", by " + facts.pressed_by +
                  (facts.pressure == "shedding" ? ": new connections get 503" : ""));
  }
  if (facts.in_flight) item(out, of_bound(*facts.in_flight, "requests at once on this route"));
  if (facts.pause) {
    const bool full = facts.pause->waiting.used >= facts.pause->waiting.max;
    item(out, facts.pause->said + "; " + of_bound(facts.pause->waiting, "requests wait") +
                  (full ? ", so this one gets 503" : ", and so does this one"));
  }
  for (const LiveSide& side : facts.sides) item(out, side_text(side));
  if (!facts.sides.empty()) {
    item(out, facts.weights_set.empty() ? "weights as configured" : "weights " + facts.weights_set);
  }
  if (facts.upstream) upstream_text(out, *facts.upstream);
  if (facts.workers > 1)
    item(out,
         fmt::format("all of it is shared by the {} workers; connections kept to endpoints are each worker's "
                     "own and not shown",
                     facts.workers));
  return out;
}

}  // namespace weir::control
