#include "cli/rollout_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <ostream>
#include <sstream>
#include <string_view>
#include <utility>

#include "admin/endpoint_request.hpp"
#include "admin/generation_tag.hpp"
#include "admin/json_number.hpp"
#include "cli/rollout_seen.hpp"
#include "cli/rollout_wait.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

RolloutEnd end_of(ClientOutcome outcome) {
  switch (outcome) {
    case ClientOutcome::done:
      return RolloutEnd::done;
    case ClientOutcome::refused:
      return RolloutEnd::refused;
    case ClientOutcome::taken_back:  // of reloads
    case ClientOutcome::unreachable:
      return RolloutEnd::unreachable;
  }
  return RolloutEnd::unreachable;
}

std::string path_of(const std::string& route) {
  return "/api/v1/routes/" + encoded(route) + "/rollout";
}

/// `5`, `0.5` or `5%`.
std::optional<double> percent_in(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  double value = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

Error wrong(std::string detail) {
  return self_error(ErrorKind::internal, std::move(detail));
}

Result<void> add_common(json::object& body, const std::string& reason, const std::string& generation,
                        const std::string& who) {
  body["who"] = who;
  if (!reason.empty()) body["reason"] = reason;
  if (generation.empty()) return {};
  if (!is_generation_text(generation))
    return wrong("--if-generation '" + generation + "' is neither a number nor a tag");
  body["generation"] = generation;
  return {};
}

RolloutEnd usage(const Error& error, std::ostream& err) {
  err << "weir: " << error.detail << '\n';
  return RolloutEnd::usage;
}

void pause() {
  boost::asio::io_context io;
  boost::asio::steady_timer(io, RolloutWait::pause).wait();
}

/// Follows one rollout to its end.
class Follower {
 public:
  Follower(const AdminTarget& target, std::string route, bool as_json, std::ostream& out, std::ostream& err)
      : target_(target), route_(std::move(route)), as_json_(as_json), out_(out), err_(err) {}

  RolloutEnd follow(RolloutWait waiting, std::string body) {
    const TimePoint start = Clock::now();
    for (;;) {
      const auto elapsed = std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
      const auto seen = body.empty() ? std::nullopt : read_rollout(body);
      if (!body.empty() && !seen) return end_of(not_weir(target_, err_));
      const RolloutWait::Step step = seen ? waiting.saw(*seen, elapsed) : waiting.saw_nothing(elapsed);
      print(step);
      if (step.next != RolloutWait::Next::look_again) return end(step.next, body);
      pause();
      std::ostringstream said;
      const Asked asked = ask_admin(target_, "GET", path_of(route_), said);
      if (asked.outcome == ClientOutcome::refused) {
        err_ << said.str();
        return RolloutEnd::refused;
      }
      body = asked.body;
    }
  }

 private:
  void print(const RolloutWait::Step& step) {
    for (const std::string& sentence : step.sentences) {
      if (!as_json_) out_ << sentence << std::endl;
    }
    if (!step.progress.empty()) err_ << route_ << ": " << step.progress << std::endl;
  }

  RolloutEnd end(RolloutWait::Next next, const std::string& body) {
    if (as_json_) out_ << body << '\n';
    switch (next) {
      case RolloutWait::Next::finished:
        return RolloutEnd::done;
      case RolloutWait::Next::rolled_back:
        return RolloutEnd::rolled_back;
      case RolloutWait::Next::timed_out:
        err_ << "weir: the time is over; the rollout goes on\n";
        return RolloutEnd::held;
      case RolloutWait::Next::lost:
        err_ << "weir: admin address " << target_.address << ": nothing answers\n";
        return RolloutEnd::unreachable;
      default:
        return RolloutEnd::refused;
    }
  }

  const AdminTarget& target_;
  const std::string route_;
  const bool as_json_;
  std::ostream &out_, &err_;
};

/// The last thing that it did.
RolloutEnd print_last(const AdminTarget& target, const std::string& body, bool as_json, std::ostream& out,
                      std::ostream& err) {
  const auto seen = read_rollout(body);
  if (!seen || seen->done.empty()) return end_of(not_weir(target, err));
  out << (as_json ? body : seen->done.back().sentence) << '\n';
  return RolloutEnd::done;
}

}  // namespace

Result<std::string> start_rollout_body(const RolloutStarting& starting, const std::string& who) {
  json::object body;
  if (auto added = add_common(body, starting.reason, starting.generation, who); !added) return added.error();
  if (starting.keep) body["keep"] = true;
  json::array steps;
  for (std::string_view rest = starting.steps; !rest.empty();) {
    const std::string_view step = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(step.size() + 1, rest.size()));
    const auto percent = percent_in(step);
    if (!percent) return wrong("--steps '" + starting.steps + "' are not percents, such as 1,10,50");
    steps.push_back(json_number(*percent));
  }
  if (!steps.empty()) body["steps"] = std::move(steps);
  return json::serialize(body);
}

Result<std::string> steer_rollout_body(const RolloutSteering& steering, const std::string& who) {
  json::object body{{"action", steering.action}};
  if (auto added = add_common(body, steering.reason, steering.generation, who); !added) return added.error();
  if (steering.to.empty()) return json::serialize(body);
  const auto percent = percent_in(steering.to);
  if (!percent) return wrong("--to '" + steering.to + "' is not a percent, such as 50");
  body["to"] = json_number(*percent);
  return json::serialize(body);
}

RolloutEnd start_rollout(const AdminTarget& target, const RolloutStarting& starting, bool as_json,
                         std::ostream& out, std::ostream& err) {
  auto body = start_rollout_body(starting, who_asks());
  if (!body) return usage(body.error(), err);
  const Asked asked =
      ask_admin(target, "POST", path_of(starting.route), err, client_timeout, std::move(*body));
  if (asked.outcome != ClientOutcome::done) return end_of(asked.outcome);
  if (!starting.wait) return print_last(target, asked.body, as_json, out, err);
  const auto seen = read_rollout(asked.body);
  if (!seen) return end_of(not_weir(target, err));
  return Follower(target, starting.route, as_json, out, err)
      .follow(RolloutWait(seen->id, starting.timeout), asked.body);
}

RolloutEnd steer_rollout(const AdminTarget& target, const RolloutSteering& steering, bool as_json,
                         std::ostream& out, std::ostream& err) {
  auto body = steer_rollout_body(steering, who_asks());
  if (!body) return usage(body.error(), err);
  const Asked asked =
      ask_admin(target, "PUT", path_of(steering.route), err, client_timeout, std::move(*body));
  if (asked.outcome != ClientOutcome::done) return end_of(asked.outcome);
  return print_last(target, asked.body, as_json, out, err);
}

RolloutEnd show_rollouts(const AdminTarget& target, const std::string& route, bool as_json, std::ostream& out,
                         std::ostream& err) {
  const Asked asked = ask_admin(target, "GET", route.empty() ? "/api/v1/rollouts" : path_of(route), err);
  if (asked.outcome != ClientOutcome::done) return end_of(asked.outcome);
  if (as_json) {
    out << asked.body << '\n';
    return RolloutEnd::done;
  }
  boost::system::error_code error;
  const json::value value = json::parse(asked.body, error);
  if (error || !value.is_object()) return end_of(not_weir(target, err));
  json::array all{value};
  if (route.empty()) {
    const json::value* const list = value.get_object().if_contains("rollouts");
    if (list == nullptr || !list->is_array()) return end_of(not_weir(target, err));
    all = list->get_array();
    if (all.empty()) out << "no route has a rollout\n";
  }
  for (const json::value& each : all) {
    const auto shown = rollout_text(each);
    if (!shown) return end_of(not_weir(target, err));
    out << (&each == &all.front() ? "" : "\n") << *shown;
  }
  return RolloutEnd::done;
}

RolloutEnd watch_rollout(const AdminTarget& target, const std::string& route,
                         std::optional<Milliseconds> timeout, bool as_json, std::ostream& out,
                         std::ostream& err) {
  const Asked asked = ask_admin(target, "GET", path_of(route), err);
  if (asked.outcome != ClientOutcome::done) return end_of(asked.outcome);
  const auto seen = read_rollout(asked.body);
  if (!seen) return end_of(not_weir(target, err));
  if (seen->id == 0) {
    err << "weir: no rollout was started on route " << route << '\n';
    return RolloutEnd::refused;
  }
  return Follower(target, route, as_json, out, err).follow(RolloutWait(seen->id, timeout), asked.body);
}

}  // namespace weir::control
