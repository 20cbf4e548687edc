// Events as the admin address shows them: what a request asks for, and the events as JSON or as server-sent events
// (WHATWG HTML 9.2). Pure, but for reading the kept ones; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "observe/events.hpp"

namespace weir::control {

struct EventsAsked {
  std::uint64_t after = 0;  // only events with a higher id
  bool json = false;        // a list at once instead of a stream
};

/// `target`: with its query (`after=N`, `format=json`). `accept`, `last_event_id`: those fields, or empty. The
/// query's `after` wins over Last-Event-ID; what is no number counts as 0.
EventsAsked events_asked(std::string_view target, std::string_view accept = {},
                         std::string_view last_event_id = {});

/// The value of `name=` in the target's query; empty: none.
std::string_view query_parameter(std::string_view target, std::string_view name);

/// Those kept with a higher id. An id that was not given out yet is from before a restart: then all of them.
std::vector<observe::Event> kept_events(std::uint64_t after);

/// {"events":[{"id","ts","level","kind","upstream","endpoint","route","cause","numbers":{},"text"}],"last":N};
/// upstream, endpoint and route where the event is about one, cause and numbers where it has them.
std::string to_json(const std::vector<observe::Event>& events);
/// `id:`, `event:` (its kind) and `data:` (the same object), and the blank line behind them.
std::string to_sse(const observe::Event& event);
/// `event: gap`: so many are not kept any more.
std::string gap_sse(std::uint64_t missed);

}  // namespace weir::control
