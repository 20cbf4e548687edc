#include "cli/endpoint_client.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <optional>
#include <ostream>
#include <utility>

#include "admin/endpoint_request.hpp"
#include "cli/drain_wait.hpp"
#include "core/clock.hpp"
#include "core/units.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

/// What the admin address says of an endpoint.
struct Seen {
  std::string body, state;
  std::uint64_t in_flight = 0;
};

std::optional<Seen> read_endpoint(std::string body) {
  try {
    const json::value value = json::parse(body);
    Seen seen;
    seen.state = value.at("state").as_string();
    seen.in_flight = value.at("in_flight").to_number<std::uint64_t>();
    seen.body = std::move(body);
    return seen;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

class EndpointCommand {
 public:
  EndpointCommand(const AdminTarget& target, const EndpointSetting& setting, std::ostream& err)
      : target_(target),
        setting_(setting),
        err_(err),
        name_(setting.upstream + "/" + setting.address),
        path_("/api/v1/upstreams/" + encoded(setting.upstream) + "/endpoints/" + encoded(setting.address)) {}

  const std::string& name() const { return name_; }

  ClientOutcome ask(std::string_view method, std::string body, Milliseconds timeout, Seen& seen) {
    const Asked asked = ask_admin(target_, method, path_, err_, timeout, std::move(body));
    if (asked.outcome != ClientOutcome::done) return asked.outcome;
    auto read = read_endpoint(asked.body);
    if (!read) return not_weir(target_, err_);
    seen = std::move(*read);
    return ClientOutcome::done;
  }

  ClientOutcome set(Seen& seen) {
    json::object body{{"state", upstream::name_of(setting_.state)}, {"who", who_asks()}};
    if (!setting_.reason.empty()) body["reason"] = setting_.reason;
    return ask("PUT", json::serialize(body), client_timeout, seen);
  }

  /// Looks again and again until nothing is in flight, for as long as the setting says.
  ClientOutcome wait(Seen& seen) {
    const TimePoint start = Clock::now();
    DrainWait waiting(setting_.timeout);
    for (;;) {
      const auto elapsed = std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
      const DrainWait::Step step = waiting.saw(seen.state, seen.in_flight, elapsed);
      if (!step.progress.empty()) err_ << "waiting for " << name_ << ": " << step.progress << std::endl;
      if (step.next == DrainWait::Next::drained) return ClientOutcome::done;
      if (step.next != DrainWait::Next::look_again) return give_up(step.next, seen);
      wait_for(step.pause);
      const Milliseconds left = std::max(setting_.timeout - elapsed, one_answer_min);
      const ClientOutcome looked = ask("GET", {}, std::min(left, client_timeout), seen);
      if (looked != ClientOutcome::done) return looked;
    }
  }

 private:
  static constexpr Milliseconds one_answer_min{2000};

  ClientOutcome give_up(DrainWait::Next why, const Seen& seen) {
    if (why == DrainWait::Next::taken_back) {
      err_ << "weir: " << name_ << " was put back into use meanwhile, with " << seen.in_flight
           << " in flight\n";
    } else {
      err_ << "weir: " << name_ << ": still " << seen.in_flight << " in flight after "
           << format_duration(setting_.timeout) << "; it stays in state " << seen.state << "\n";
    }
    return ClientOutcome::refused;
  }

  const AdminTarget& target_;
  const EndpointSetting& setting_;
  std::ostream& err_;
  const std::string name_, path_;
};

}  // namespace

ClientOutcome set_endpoint(const AdminTarget& target, const EndpointSetting& setting, bool as_json,
                           std::ostream& out, std::ostream& err) {
  EndpointCommand command(target, setting, err);
  Seen seen;
  ClientOutcome outcome = command.set(seen);
  if (outcome == ClientOutcome::done && setting.wait) outcome = command.wait(seen);
  if (outcome != ClientOutcome::done) return outcome;
  if (as_json) {
    out << seen.body << '\n';
  } else {
    out << command.name() << ": " << seen.state << ", " << seen.in_flight << " in flight\n";
  }
  return outcome;
}

}  // namespace weir::control
