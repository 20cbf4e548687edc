#include "upstream/http2_choice.hpp"

namespace weir::upstream {

namespace {

/// The least busy connection with a place; with `sending` of those that send now.
std::size_t least_busy(std::span<const Http2Load> open, bool sending) {
  std::size_t found = Http2Choice::none;
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (!open[i].has_place() || (sending && !open[i].sends_now)) continue;
    if (found == Http2Choice::none || open[i].streams < open[found].streams) found = i;
  }
  return found;
}

}  // namespace

Http2Choice choose_http2(const Http2ChoiceRules& rules, std::span<const Http2Load> open, Http2Others others) {
  Http2Choice choice;
  const std::size_t least = least_busy(open, false);
  if (least == Http2Choice::none) return choice;
  const std::size_t sending = least_busy(open, true);
  const bool goes_along =
      sending != Http2Choice::none && open[sending].streams <= open[least].streams + http2_lead_streams;
  choice.index = goes_along ? sending : least;
  const std::size_t to_come = open.size() + others.being_made;
  choice.open_another = open[least].streams > http2_busy_streams && to_come < rules.connections &&
                        to_come + others.closing < rules.connections_max;
  return choice;
}

bool needs_http2_connection(const Http2ChoiceRules& rules, std::size_t open, Http2Others others,
                            std::size_t places_coming, std::size_t waiting) {
  return waiting > places_coming && open + others.being_made + others.closing < rules.connections_max;
}

}  // namespace weir::upstream
