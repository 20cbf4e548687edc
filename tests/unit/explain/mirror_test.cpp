// Whether `weir explain` says that a request would be copied, and why not.
#include "unit/explain/fixture.hpp"

namespace weir::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ExplainMirror : public ExplainTest {
 protected:
  ExplainMirror() {
    config::Upstream green = config_.upstreams[0];
    green.name = "green";
    config_.upstreams.push_back(green);
    config::ProxyAction action;
    action.mirror = mirror_;
    config_.routes = {make_route("api", "/", action)};
  }
  config::Mirror& mirror() { return *std::get<config::ProxyAction>(config_.routes[0].action).mirror; }
  std::string explained(std::vector<std::string> headers = {}) {
    return std::string(json("POST", "http://h/", std::move(headers)).at("proxy").at("mirror").as_string());
  }

  const config::Mirror mirror_{1, 5'000};
};

TEST_F(ExplainMirror, TheShareAndWhereTo) {
  EXPECT_THAT(text("GET", "http://h/"),
              HasSubstr("\nmirror     0.5 % of the requests are copied to green, without credentials\n"));
  mirror().credentials = config::MirrorCredentials::keep;
  mirror().share = 1'000'000;
  EXPECT_EQ(explained(), "100 % of the requests are copied to green, with credentials");
}

TEST_F(ExplainMirror, WhyNot) {
  EXPECT_EQ(explained({"X-Weir-Mirror: api"}), "none: it is a copy itself");
  EXPECT_EQ(explained({"Content-Length: 65537"}), "none: its body is larger than 64KiB");
  EXPECT_EQ(explained({"Content-Length: 65536"}),
            "0.5 % of the requests are copied to green, without credentials");
  EXPECT_THAT(text("GET", "http://h/", {"Connection: upgrade", "Upgrade: websocket"}),
              HasSubstr("mirror     none: it becomes a tunnel"));
  mirror().share = 0;
  EXPECT_EQ(explained(), "none: percent is 0");
}

TEST_F(ExplainMirror, ASideThatIsTheMirror) {
  auto& action = std::get<config::ProxyAction>(config_.routes[0].action);
  action.upstream = config::no_upstream;
  action.split.emplace().targets = {{0, 90}, {1, 10}};
  action.split->overrides = {{false, "X-Canary", "always", 1}};
  EXPECT_THAT(explained(), HasSubstr("copied to green"));
  EXPECT_EQ(explained({"X-Canary: always"}), "none: it goes to green itself");
}

TEST_F(ExplainMirror, NothingWithoutOne) {
  std::get<config::ProxyAction>(config_.routes[0].action).mirror.reset();
  EXPECT_THAT(text("GET", "http://h/"), Not(HasSubstr("mirror")));
  EXPECT_FALSE(json("GET", "http://h/").at("proxy").as_object().contains("mirror"));
}

}  // namespace
}  // namespace weir::control
