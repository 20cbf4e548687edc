#include "admin/event_text.hpp"

#include <boost/json.hpp>
#include <charconv>

#include "admin/json_number.hpp"
#include "admin/json_objects.hpp"
#include "config/names.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

std::uint64_t number_or_zero(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc{} && stop == text.data() + text.size() ? value : 0;
}

}  // namespace

std::string_view query_parameter(std::string_view target, std::string_view name) {
  const std::size_t mark = target.find('?');
  std::string_view query = mark == target.npos ? std::string_view() : target.substr(mark + 1);
  while (!query.empty()) {
    const std::string_view member = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(member.size() + 1, query.size()));
    if (member.starts_with(name) && member.substr(name.size()).starts_with('='))
      return member.substr(name.size() + 1);
  }
  return {};
}

json::object to_object(const observe::Event& event) {
  json::object shown{{"id", event.id},
                     {"ts", time_text(event.ts)},
                     {"level", config::name_of(config::log_levels, event.level)},
                     {"kind", event.kind}};
  if (!event.upstream.empty()) shown["upstream"] = event.upstream;
  if (!event.endpoint.empty()) shown["endpoint"] = event.endpoint;
  if (!event.route.empty()) shown["route"] = event.route;
  if (!event.cause.empty()) shown["cause"] = event.cause;
  if (!event.numbers.empty()) {
    json::object numbers;
    for (const auto& [name, value] : event.numbers) numbers[name] = json_number(value);
    shown["numbers"] = std::move(numbers);
  }
  shown["text"] = event.text;
  return shown;
}

EventsAsked events_asked(std::string_view target, std::string_view accept, std::string_view last_event_id) {
  EventsAsked asked;
  const std::string_view after = query_parameter(target, "after");
  asked.after = number_or_zero(after.empty() ? last_event_id : after);
  const bool prefers_json =
      accept.find("application/json") != accept.npos && accept.find("text/event-stream") == accept.npos;
  asked.json = query_parameter(target, "format") == "json" || prefers_json;
  return asked;
}

std::vector<observe::Event> kept_events(std::uint64_t after) {
  return observe::events_after(after > observe::last_event_id() ? 0 : after);
}

std::string to_json(const std::vector<observe::Event>& events) {
  json::array list;
  for (const observe::Event& event : events) list.push_back(to_object(event));
  const std::uint64_t last = events.empty() ? observe::last_event_id() : events.back().id;
  return json::serialize(json::object{{"events", std::move(list)}, {"last", last}});
}

std::string to_sse(const observe::Event& event) {
  // JSON has no line breaks, so one data line holds it.
  return "id: " + std::to_string(event.id) + "\nevent: " + event.kind +
         "\ndata: " + json::serialize(to_object(event)) + "\n\n";
}

std::string gap_sse(std::uint64_t missed) {
  return "event: gap\ndata: {\"missed\":" + std::to_string(missed) + "}\n\n";
}

}  // namespace weir::control
