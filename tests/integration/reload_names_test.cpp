// A reload to endpoints that have names: looked up before the new configuration takes over, but never in its way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/steady_load.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

void ask(SteadyLoad& load, const WeirProcess& weir) {
  RawClient client = weir.connect();
  while (!load.stopped()) load.count(client.get("/").status == 200);
}

TEST(ReloadNames, AddressesAndNamesTakeTurnsUnderLoad) {
  OriginProcess origin;
  const ConfigText by_address = config_for(origin.address());
  const ConfigText by_name = config_for("localhost:" + std::to_string(origin.port()));
  WeirProcess weir(by_address);
  SteadyLoad load(4, [&weir](SteadyLoad& it) { ask(it, weir); });
  for (int i = 0; i < 10; ++i) weir.reload(i % 2 == 0 ? by_name : by_address);
  load.stop();
  EXPECT_EQ(load.failed(), 0);
  EXPECT_GT(load.answered(), 0);
}

TEST(ReloadNames, ANameIsThereFromTheFirstRequestOn) {
  OriginProcess origin;
  const ConfigText by_name = config_for("localhost:" + std::to_string(origin.port()));
  WeirProcess weir(by_name);
  EXPECT_EQ(weir.get("/").status, 200);
}

TEST(ReloadNames, ANameThatDoesNotResolveHoldsNothingUp) {
  OriginProcess origin;
  ConfigText config = config_for(origin.address());
  WeirProcess weir(config);
  config.upstreams = {"ghost: { endpoints: [ \"no-such-name.invalid:80\" ] }"};
  config.routes = {"{ name: ghost, match: { path_prefix: /ghost }, upstream: ghost }"};
  const auto started = std::chrono::steady_clock::now();
  weir.reload(config);
  EXPECT_LT(std::chrono::steady_clock::now() - started, scaled(5s));  // the first answers are awaited for 2 s
  const Response ghost = weir.get("/ghost");
  EXPECT_EQ(ghost.status, 503);
  EXPECT_THAT(ghost.fields.get("Proxy-Status"), HasSubstr("error=dns_error"));
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_EQ(weir.metric("weir_config_last_reload_success"), 1);
}

}  // namespace
}  // namespace weir::testing
