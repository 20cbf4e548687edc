// What a terminal view shows: the present, as the stream of the admin address gives it (GET /api/v1/stream), five
// minutes of history, and the newest events. Pure; one thread.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace weir::top {

/// A value a second, the newest last; nothing where none was measured.
using Points = std::deque<std::optional<double>>;

struct History {
  Points requests, failed, p95_ms;
};

class Model {
 public:
  static constexpr std::size_t history_seconds = 300;
  static constexpr std::size_t events_max = 300;

  /// `kind`: an event of the stream (snapshot, tick, event, gap) with its data. Others, and what has another shape,
  /// change nothing: false.
  bool take(std::string_view kind, const boost::json::value& data);

  bool has_view() const { return !view_.empty(); }
  /// Its members: admin/live_view.hpp.
  const boost::json::object& view() const { return view_; }
  /// Newest first.
  const std::deque<boost::json::object>& events() const { return events_; }

  const History& all() const { return all_; }
  /// nullptr: there is none.
  const History* route(std::string_view name) const { return find(routes_, name); }
  const History* upstream(std::string_view name) const { return find(upstreams_, name); }

 private:
  using ByName = std::map<std::string, History, std::less<>>;

  static const History* find(const ByName& histories, std::string_view name);
  bool start(const boost::json::object& snapshot);
  bool tick(const boost::json::object& patch);
  bool add_event(boost::json::object event);

  boost::json::object view_;
  std::deque<boost::json::object> events_;
  History all_;
  ByName routes_, upstreams_;
};

/// A JSON Merge Patch (RFC 7396).
void apply_patch(boost::json::object& target, const boost::json::object& patch);

// Members of JSON whose shape may be another one: a page of a newer Weir is shown as far as it is understood.
const boost::json::object& object_at(const boost::json::object& from, std::string_view key);
std::string text_at(const boost::json::object& from, std::string_view key);
std::optional<double> number_at(const boost::json::object& from, std::string_view key);
bool is_set(const boost::json::object& from, std::string_view key);

}  // namespace weir::top
