// What tests of weights that change have: two endpoints that say who they are, route `api` with a split of both, and a
// folder for what outlives the process. The test's thread only.
#pragma once

#include <string>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {

struct SplitWorld {
  ScriptableEndpoint blue{behave::ok("blue")}, green{behave::ok("green")};
  TempDir state;

  ConfigText config(int blue_weight = 100, int green_weight = 0) const {
    ConfigText made = config_for(blue.address());
    made.server += ", state_dir: \"" + state.path().string() + "\"";
    made.upstreams = {"green: { endpoints: [ \"" + green.address() + "\" ] }"};
    made.default_route = false;
    made.routes = {
        "{ name: api, split: { targets: [ { upstream: app, weight: " + std::to_string(blue_weight) +
        " }, { upstream: green, weight: " + std::to_string(green_weight) + " } ] } }"};
    return made;
  }
};

/// How many of so many requests on one connection the green endpoint answered.
inline int greens(const WeirProcess& weir, int of = 10) {
  RawClient client = weir.connect();
  int green = 0;
  for (int i = 0; i < of; ++i) green += client.get("/").body == "green" ? 1 : 0;
  return green;
}

}  // namespace weir::testing
