#include "top/model.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

namespace weir::top {
namespace {

namespace json = boost::json;

std::optional<double> number_of(const json::value& value) {
  if (!value.is_number()) return std::nullopt;
  boost::system::error_code error;
  const auto number = value.to_number<double>(error);
  return error ? std::nullopt : std::optional(number);
}

/// A number of things, which a double may be too large for.
std::size_t count_at(const json::object& from, std::string_view key, std::size_t most) {
  return static_cast<std::size_t>(
      std::clamp(number_at(from, key).value_or(0), 0.0, static_cast<double>(most)));
}

void trim(Points& points) {
  while (points.size() > Model::history_seconds) points.pop_front();
}

/// A list that was left out holds nothing but `empty`.
Points points_of(const json::object& lists, std::string_view key, std::size_t seconds,
                 std::optional<double> empty) {
  const json::value* const list = lists.if_contains(key);
  if (list == nullptr || !list->is_array()) return Points(std::min(seconds, Model::history_seconds), empty);
  Points points;
  for (const json::value& value : list->get_array()) {
    points.push_back(number_of(value));
  }
  trim(points);
  return points;
}

History history_of(const json::object& lists, std::size_t seconds) {
  return {points_of(lists, "requests", seconds, 0), points_of(lists, "failed", seconds, 0),
          points_of(lists, "p95_ms", seconds, std::nullopt)};
}

void push(Points& points, std::optional<double> value) {
  points.push_back(value);
  trim(points);
}

void push(History& history, const json::object& now) {
  push(history.requests, number_at(now, "rps"));
  push(history.failed, number_at(now, "failed_ps"));
  push(history.p95_ms, number_at(now, "p95_ms"));
}

}  // namespace

void apply_patch(json::object& target, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    if (value.is_null()) {
      target.erase(key);
    } else if (!value.is_object()) {
      target[key] = value;
    } else {
      json::value& inner = target[key];
      if (!inner.is_object()) inner = json::object();
      apply_patch(inner.get_object(), value.get_object());
    }
  }
}

const json::object& object_at(const json::object& from, std::string_view key) {
  static const json::object none;
  const json::value* const value = from.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

std::string text_at(const json::object& from, std::string_view key) {
  const json::value* const value = from.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<double> number_at(const json::object& from, std::string_view key) {
  const json::value* const value = from.if_contains(key);
  return value == nullptr ? std::nullopt : number_of(*value);
}

bool is_set(const json::object& from, std::string_view key) {
  const json::value* const value = from.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const History* Model::find(const ByName& histories, std::string_view name) {
  const auto found = histories.find(name);
  return found == histories.end() ? nullptr : &found->second;
}

bool Model::take(std::string_view kind, const json::value& data) {
  if (!data.is_object()) return false;
  const json::object& members = data.get_object();
  if (kind == "snapshot") return start(members);
  if (kind == "tick") return tick(members);
  if (kind == "event") return add_event(members);
  if (kind != "gap") return false;
  constexpr std::size_t missed_max = 1'000'000'000;
  const std::size_t missed = count_at(members, "missed", missed_max);
  return add_event(
      {{"kind", "gap"}, {"level", "warn"}, {"text", std::to_string(missed) + " events were missed"}});
}

bool Model::start(const json::object& snapshot) {
  const json::object& view = object_at(snapshot, "view");
  const json::object& history = object_at(snapshot, "history");
  if (view.empty()) return false;
  const auto boot = [](const json::object& shown) { return text_at(object_at(shown, "process"), "boot"); };
  if (boot(view) != boot(view_)) events_.clear();  // another process
  view_ = view;
  const std::size_t seconds = count_at(history, "seconds", history_seconds);
  all_ = history_of(object_at(history, "all"), seconds);
  const auto by_name = [&](std::string_view kind, ByName& histories) {
    histories.clear();
    for (const auto& [name, now] : object_at(view_, kind))
      histories[name] = history_of(object_at(object_at(history, kind), name), seconds);
  };
  by_name("routes", routes_);
  by_name("upstreams", upstreams_);
  return true;
}

bool Model::tick(const json::object& patch) {
  if (!has_view()) return false;
  apply_patch(view_, patch);
  push(all_, object_at(view_, "traffic"));
  const auto push_named = [this](std::string_view kind, ByName& histories) {
    const json::object& present = object_at(view_, kind);
    std::erase_if(histories, [&](const auto& one) { return !present.contains(one.first); });
    for (const auto& [name, now] : present) {
      if (now.is_object()) push(histories[name], now.get_object());
    }
  };
  push_named("routes", routes_);
  push_named("upstreams", upstreams_);
  return true;
}

bool Model::add_event(json::object event) {
  events_.push_front(std::move(event));
  if (events_.size() > events_max) events_.pop_back();
  return true;
}

}  // namespace weir::top
