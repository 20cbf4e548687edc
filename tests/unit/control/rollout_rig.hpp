// Rollouts with a configuration, endpoints, time and traffic of a test's own: no worker, no socket.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "control/rollouts.hpp"
#include "support/temp_dir.hpp"

namespace weir::control {

/// A route `api` from blue to green, with short holds.
inline config::Config rollout_config() {
  config::Config config;
  config.upstreams.resize(3);
  config.upstreams[0].name = "blue";
  config.upstreams[1].name = "green";
  config.upstreams[2].name = "red";
  config::Route route;
  route.name = "api";
  config::ProxyAction action;
  action.upstream = config::no_upstream;
  action.split.emplace().targets = {{0, 100}, {1, 0}};
  config::Rollout& rollout = action.rollout.emplace();
  rollout.stable = 0;
  rollout.canary = 1;
  rollout.steps = {500, 5'000, rollout::whole};
  rollout.hold = Milliseconds{2'000};
  rollout.min_requests = 10;
  rollout.warmup = Milliseconds{0};
  route.action = action;
  config.routes.push_back(route);
  return config;
}

class RolloutRig {
 public:
  explicit RolloutRig(config::Config with = rollout_config(), std::string folder = {})
      : folder_(folder.empty() ? own_.path().string() : std::move(folder)) {
    config = std::make_shared<config::Config>(std::move(with));
    open();
  }

  /// As after a kill: what is not on the disk is lost.
  void restart() {
    all.reset();
    open();
  }
  void adopt(config::Config next) {
    const auto before = config;  // until the new one is adopted
    config = std::make_shared<config::Config>(std::move(next));
    splits->reconcile(*config, wall);
    all->adopt(config);
  }

  Result<void> start(std::vector<rollout::Share> steps = {}, bool keep = false) {
    return all->start({"api", std::move(steps), keep, "ada", "1.4"});
  }
  Result<void> obey(RolloutWish::Action wish, std::optional<rollout::Share> to = {}) {
    return all->obey("api", {wish, to, "ada", "a reason"});
  }
  server::RolloutInForce in_force() const { return all->in_force(config->routes[0]); }
  using Weights = std::vector<std::uint32_t>;
  /// In force, of blue and green.
  Weights weights() const {
    auto found = in_force().weights;
    return found.empty() ? splits->weights_of(config->routes[0]) : found;
  }

  /// 250 ms with that much on each side.
  void tick(std::uint64_t canary = 0, std::uint64_t canary_failed = 0, std::uint64_t other = 0,
            std::uint64_t other_failed = 0) {
    now += rollout::tick_interval;
    wall += rollout::tick_interval;
    std::vector<server::RolloutCounts> counts;
    if (const auto runtime = in_force().runtime) {
      server::RolloutCounts& mine = counts.emplace_back();
      mine.id = runtime->id;
      mine.counts.publication = runtime->publication;
      fill(mine.counts.sides[rollout::index(rollout::Side::canary)], canary, canary_failed);
      fill(mine.counts.sides[rollout::index(rollout::Side::comparison)], other, other_failed);
    }
    all->tick(std::move(counts));
  }
  /// Ticks of healthy traffic on both sides.
  void run(int ticks) {
    for (int i = 0; i < ticks; ++i) tick(10, 0, 100, 0);
  }
  const RouteRollout& rollout() const { return *all->find("api"); }
  rollout::Share share() const { return rollout().machine().state().share; }
  /// The kind and cause of the last thing that it did: `held low_traffic`.
  std::string last() const {
    const rollout::Done& done = rollout().record().done.back();
    return done.kind + " " + done.cause;
  }
  std::string state_file() const { return folder_ + "/rollouts/api"; }
  const std::string& folder() const { return folder_; }
  std::vector<std::string> audit_actions() const {
    std::vector<std::string> actions;
    for (const std::string& line : audit->lines()) {
      const std::size_t begin = line.find("\"action\":\"") + 10;
      actions.push_back(line.substr(begin, line.find('"', begin) - begin));
    }
    return actions;
  }

  std::shared_ptr<config::Config> config;
  std::map<std::string, std::vector<rollout::EndpointSight>, std::less<>> endpoints{
      {"blue", {{"10.0.0.1:80", true}}}, {"green", {{"10.0.0.2:80", true}}}};
  TimePoint now{std::chrono::hours{5}};
  std::chrono::system_clock::time_point wall{std::chrono::seconds{1'763'690'400}};
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<SplitStore> splits;
  std::unique_ptr<Rollouts> all;
  std::vector<std::string> phrases;  // of open()
  int publications = 0;
  bool fails_to_publish = false;
  std::function<void()> published;

 private:
  static void fill(rollout::SideCounts& side, std::uint64_t requests, std::uint64_t failed) {
    constexpr rollout::Bucket bucket = 40;
    side.requests = requests;
    side.failed = failed;
    side.latency.add(bucket, requests);
  }

  void open() {
    audit = std::make_unique<AuditLog>(folder_);
    splits = std::make_unique<SplitStore>(*audit, folder_);
    if (!audit->open() || !splits->open()) throw std::runtime_error("no state");
    RolloutDesk desk{*audit,
                     *splits,
                     RolloutStore(folder_),
                     [this](std::string_view upstream) { return endpoints.find(upstream)->second; },
                     [this] { return now; },
                     [this] { return wall; }};
    all = std::make_unique<Rollouts>(std::move(desk), [this] {
      if (fails_to_publish) throw std::bad_alloc();
      ++publications;
      if (published) published();
    });
    phrases = all->open().value();
    splits->reconcile(*config, wall);
    all->adopt(config);
  }

  testing::TempDir own_;
  const std::string folder_;
};

}  // namespace weir::control
