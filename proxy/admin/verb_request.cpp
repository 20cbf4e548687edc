#include "admin/verb_request.hpp"

#include <boost/json.hpp>

#include "core/units.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

/// From `least` to `most`; nothing otherwise.
std::optional<Milliseconds> duration_in(const json::value& value, Milliseconds least, Milliseconds most) {
  std::optional<Milliseconds> duration;
  if (value.is_string()) duration = parse_duration(std::string_view(value.get_string()));
  if (!duration || *duration < least || *duration > most) return std::nullopt;
  return duration;
}

void read_state(const json::value& value, PauseRequest& request, Problems& problems) {
  const std::string_view state =
      value.is_string() ? std::string_view(value.get_string()) : std::string_view();
  request.paused = state == "paused";
  if (state != "paused" && state != "resumed")
    problems.emplace_back(R"(state: must be "paused" or "resumed")");
}

void read_max(const json::value& value, PauseRequest& request, Problems& problems) {
  const auto max = duration_in(value, Milliseconds{1}, pause_max);
  if (max) request.max = *max;
  if (!max)
    problems.push_back("max: must be a duration above 0 and up to " + format_duration(pause_max) +
                       ", such as \"30s\"");
}

void read_queue(const json::value& value, PauseRequest& request, Problems& problems) {
  const std::int64_t number = value.is_int64() ? value.get_int64() : 0;
  if (number >= 1 && number <= std::int64_t{pause_queue_max}) {
    request.queue = static_cast<std::uint32_t>(number);
  } else {
    problems.push_back("queue: must be a whole number from 1 to " + std::to_string(pause_queue_max));
  }
}

void read_guard(const json::value& value, ReloadRequest& request, Problems& problems) {
  const auto guard = duration_in(value, Milliseconds{0}, config::reload_guard_max);
  const bool whole = guard && (guard->count() == 0 || *guard >= config::reload_guard_min);
  if (whole) request.guard = guard;
  if (!whole)
    problems.push_back("guard: must be 0 or a duration from " + format_duration(config::reload_guard_min) +
                       " to " + format_duration(config::reload_guard_max));
}

/// A change of weights by such a word always has a reason.
Member needed_reason(std::string& into) {
  Member member = note("reason", split::reason_bytes_max, into);
  member.missing = "is missing; the audit needs one";
  return member;
}

std::variant<WeightsRequest, Problems> checked(WeightsRequest request, Problems problems) {
  if (problems.empty() && request.reason.empty()) problems.emplace_back("reason: must not be empty");
  if (!problems.empty()) return problems;
  return request;
}

}  // namespace

std::variant<PauseRequest, Problems> parse_pause_request(std::string_view body) {
  PauseRequest request;
  const auto into_request = [&request](auto read) {
    return [&request, read](const json::value& value, Problems& found) { read(value, request, found); };
  };
  Problems problems =
      read_body(body, {{"state", into_request(read_state), R"(is missing; write "paused" or "resumed")"},
                       {"max", into_request(read_max)},
                       {"queue", into_request(read_queue)},
                       note("reason", split::reason_bytes_max, request.reason),
                       note("who", who_bytes_max, request.who)});
  if (!problems.empty()) return problems;
  return request;
}

std::variant<WeightsRequest, Problems> parse_promote_request(std::string_view body) {
  WeightsRequest request;
  Problems problems =
      read_body(body, {note("to", split::reason_bytes_max, request.to), needed_reason(request.reason),
                       generation_member(request.generation), note("who", who_bytes_max, request.who)});
  return checked(std::move(request), std::move(problems));
}

std::variant<WeightsRequest, Problems> parse_rollback_request(std::string_view body) {
  WeightsRequest request;
  Problems problems = read_body(body, {needed_reason(request.reason), generation_member(request.generation),
                                       note("who", who_bytes_max, request.who)});
  return checked(std::move(request), std::move(problems));
}

std::variant<ReloadRequest, Problems> parse_reload_request(std::string_view body) {
  ReloadRequest request;
  if (body.empty()) return request;
  const auto guard = [&](const json::value& value, Problems& found) { read_guard(value, request, found); };
  Problems problems = read_body(body, {{"guard", guard},
                                       note("reason", split::reason_bytes_max, request.reason),
                                       note("who", who_bytes_max, request.who)});
  if (!problems.empty()) return problems;
  return request;
}

}  // namespace weir::control
