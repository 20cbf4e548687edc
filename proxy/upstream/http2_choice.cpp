#include "upstream/http2_choice.hpp"

namespace weir::upstream {

Http2Choice choose_http2(const Http2ChoiceRules& rules, std::span<const Http2Load> open, Http2Others others) {
  Http2Choice choice;
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (!open[i].has_place()) continue;
    if (choice.index == Http2Choice::none || open[i].streams < open[choice.index].streams) choice.index = i;
  }
  if (choice.index == Http2Choice::none) return choice;
  const std::size_t to_come = open.size() + others.being_made;
  choice.open_another = open[choice.index].streams > http2_busy_streams && to_come < rules.connections &&
                        to_come + others.closing < rules.connections_max;
  return choice;
}

bool needs_http2_connection(const Http2ChoiceRules& rules, std::size_t open, Http2Others others,
                            std::size_t places_coming, std::size_t waiting) {
  return waiting > places_coming && open + others.being_made + others.closing < rules.connections_max;
}

}  // namespace weir::upstream
