// What `weir explain` says of a split that a rollout may take from one version to another.
#include "unit/explain/fixture.hpp"

namespace weir::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ExplainRollout : public ExplainTest {
 protected:
  ExplainRollout() {
    for (const char* const name : {"green", "old"}) {
      config::Upstream other = config_.upstreams[0];
      other.name = name;
      config_.upstreams.push_back(other);
    }
    config::ProxyAction action;
    action.upstream = config::no_upstream;
    action.split.emplace().targets = {{0, 100}, {1, 0}, {2, 0}};
    action.rollout.emplace().canary = 1;
    config_.routes = {make_route("api", "/", action)};
  }
  config::ProxyAction& action() { return std::get<config::ProxyAction>(config_.routes[0].action); }
};

TEST_F(ExplainRollout, TheStepsAndWhatIsCompared) {
  const std::string stable = config_.upstreams[0].name;
  EXPECT_THAT(text("GET", "http://h/"),
              HasSubstr("\nrollout    of green, when one is started: 5, 25, 50, 100 %, "
                        "10m each, compared with " +
                        stable + "\n"));
  action().rollout->baseline = 2;
  action().rollout->steps = {50, 250};
  EXPECT_EQ(json("GET", "http://h/").at("proxy").at("rollout").as_string(),
            "of green, when one is started: 0.5, 2.5 %, 10m each, compared with old");
  action().rollout->replicas = 3;
  EXPECT_THAT(text("GET", "http://h/"),
              HasSubstr("compared with old; each of 3 replicas takes it back by itself, and "
                        "has that part of 1 % false rollbacks\n"));
}

TEST_F(ExplainRollout, TheSaltIsPartOfTheSide) {
  action().split->targets = {{0, 1}, {1, 1}, {2, 0}};
  action().split->affinity = {.by = config::AffinityBy::header, .header = "X-User"};
  const auto sides = [&] {
    std::string all;
    for (int user = 0; user < 64; ++user) {
      const auto shown = json("GET", "http://h/", {"X-User: " + std::to_string(user)});
      all += shown.at("proxy").at("upstream").as_string() == "green" ? 'g' : 'b';
    }
    return all;
  };
  const std::string before = sides();
  action().rollout->salt = "pepper";
  EXPECT_NE(sides(), before);
}

TEST_F(ExplainRollout, NothingWithoutOne) {
  action().rollout.reset();
  EXPECT_THAT(text("GET", "http://h/"), Not(HasSubstr("rollout")));
  EXPECT_FALSE(json("GET", "http://h/").at("proxy").as_object().contains("rollout"));
}

}  // namespace
}  // namespace weir::control
