#include "admin/pause_report.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "observe/line_buffer.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

std::string time_text(SystemTime time) {
  std::string text;
  observe::LineBuffer(text).timestamp(time);
  return text;
}

}  // namespace

json::object to_object(const PauseReport& report, SystemTime now) {
  json::object object{{"route", report.route},
                      {"state", report.paused ? "paused" : "resumed"},
                      {"waiting", report.waiting},
                      {"queue", report.queue},
                      {"requests",
                       {{"let_go", report.let_go},
                        {"timeout", report.timeout},
                        {"left", report.left},
                        {"refused", report.refused}}}};
  if (!report.paused) return object;
  const auto left = std::chrono::duration<double>(report.until - now).count();
  object["who"] = report.who;
  object["reason"] = report.reason;
  object["since"] = time_text(report.since);
  object["until"] = time_text(report.until);
  object["seconds_left"] = std::max(left, 0.0);
  return object;
}

std::string to_json(const PauseReport& report, SystemTime now) {
  json::object object = to_object(report, now);
  object["running"] = report.running;
  return json::serialize(object);
}

}  // namespace weir::control
