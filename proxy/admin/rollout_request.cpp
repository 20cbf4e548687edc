#include "admin/rollout_request.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <utility>

#include "admin/generation_tag.hpp"
#include "admin/request_body.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> actions{"hold", "resume", "promote", "rollback"};

/// Percent above 0 and up to 100, with two digits behind the point at most.
std::optional<rollout::Share> share_of(const json::value& value) {
  boost::system::error_code error;
  const double percent = value.is_number() ? value.to_number<double>(error) : 0;
  const double points = percent * 100;
  if (error || !(percent > 0) || percent > 100 || std::abs(points - std::round(points)) > 1e-6)
    return std::nullopt;
  return static_cast<rollout::Share>(std::lround(points));
}

void read_steps(const json::value& value, std::vector<rollout::Share>& steps, Problems& problems) {
  constexpr const char* problem =
      "steps: must be a list of percents that rise, such as [1, 10, 50], the first below 100";
  const json::array* const list = value.if_array();
  if (list == nullptr || list->empty()) {
    problems.emplace_back(problem);
    return;
  }
  for (const json::value& step : *list) {
    const auto share = share_of(step);
    if (!share) {
      problems.emplace_back(problem);
      return;
    }
    steps.push_back(*share);
  }
}

Member generation_member(std::optional<std::string>& generation) {
  const auto read = [&generation](const json::value& value, Problems& problems) {
    std::string text;
    if (value.is_int64()) text = std::to_string(value.get_int64());
    if (value.is_string()) text = std::string_view(value.get_string());
    if (is_generation_text(text)) {
      generation = std::move(text);
    } else {
      problems.emplace_back("generation: must be a whole number, or a tag such as \"1f0c9a3e-7\"");
    }
  };
  return {"generation", read};
}

}  // namespace

std::variant<RolloutStartRequest, Problems> parse_rollout_start(std::string_view body) {
  RolloutStartRequest request;
  if (body.empty()) return request;
  const auto steps = [&request](const json::value& value, Problems& problems) {
    read_steps(value, request.steps, problems);
  };
  const auto keep = [&request](const json::value& value, Problems& problems) {
    if (!value.is_bool()) problems.emplace_back("keep: must be true or false");
    request.keep = value.is_bool() && value.get_bool();
  };
  Problems problems = read_body(body, {{"steps", steps},
                                       {"keep", keep},
                                       note("reason", split::reason_bytes_max, request.reason),
                                       generation_member(request.generation),
                                       note("who", who_bytes_max, request.who)});
  if (!problems.empty()) return problems;
  return request;
}

std::variant<RolloutChangeRequest, Problems> parse_rollout_change(std::string_view body) {
  RolloutChangeRequest request;
  const auto action = [&request](const json::value& value, Problems& problems) {
    if (value.is_string()) request.action = std::string_view(value.get_string());
    if (std::ranges::find(actions, request.action) == actions.end())
      problems.emplace_back("action: must be hold, resume, promote or rollback");
  };
  const auto to = [&request](const json::value& value, Problems& problems) {
    request.to = share_of(value);
    if (!request.to) problems.emplace_back("to: must be a percent above 0 and up to 100");
  };
  Problems problems = read_body(body, {{"action", action, "is missing"},
                                       {"to", to},
                                       note("reason", split::reason_bytes_max, request.reason),
                                       generation_member(request.generation),
                                       note("who", who_bytes_max, request.who)});
  if (request.to && request.action != "promote") problems.emplace_back("to: only goes with promote");
  if (request.action == "rollback" && request.reason.empty())
    problems.emplace_back("reason: is missing; a rollback needs one");
  if (!problems.empty()) return problems;
  return request;
}

}  // namespace weir::control
