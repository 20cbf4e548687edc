#include "upstream/http2_choice.hpp"

namespace weir::upstream {

Http2Choice choose_http2(const Http2ChoiceRules& rules, std::span<const Http2Load> open, Http2Others others) {
  std::size_t least = Http2Choice::none, sending = Http2Choice::none;
  const auto is_less_busy = [&](std::size_t one, std::size_t other) {
    return other == Http2Choice::none || open[one].streams < open[other].streams;
  };
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (!open[i].has_place()) continue;
    if (is_less_busy(i, least)) least = i;
    if (open[i].sends && is_less_busy(i, sending)) sending = i;
  }
  Http2Choice choice{least};
  if (least == Http2Choice::none) return choice;
  const std::size_t streams = open[least].streams;
  if (sending != Http2Choice::none && open[sending].streams < streams + http2_gathered_streams)
    choice.index = sending;
  const std::size_t to_come = open.size() + others.being_made;
  choice.open_another = streams > http2_busy_streams && to_come < rules.connections &&
                        to_come + others.closing < rules.connections_max;
  return choice;
}

bool needs_http2_connection(const Http2ChoiceRules& rules, std::size_t open, Http2Others others,
                            std::size_t places_coming, std::size_t waiting) {
  return waiting > places_coming && open + others.being_made + others.closing < rules.connections_max;
}

}  // namespace weir::upstream
