// What config/ ships loads, as it stands.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "config/world.hpp"

namespace weir::config::testing {
namespace {

namespace fs = std::filesystem;
const fs::path source_dir = WEIR_SOURCE_DIR;

/// Files from the source tree; certificates are taken as good.
Surroundings shipped(const World& world) {
  Surroundings out = world.surroundings();
  out.read_file = [](const std::string& path) -> std::variant<std::string, FileError> {
    std::ifstream stream(source_dir / path, std::ios::binary);
    if (!stream) return FileError{"no such file", true};
    return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  };
  return out;
}

Config load_shipped(const std::vector<std::string>& files, const World& world = {}) {
  const LoadResult result = load(files, shipped(world));
  EXPECT_EQ(problems_of(result), "");
  return std::holds_alternative<Config>(result) ? std::get<Config>(result) : Config{};
}

TEST(Examples, AllLoad) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(source_dir / "config/examples")) {
    SCOPED_TRACE(entry.path().filename().string());
    load_shipped({"config/examples/" + entry.path().filename().string()});
    ++count;
  }
  EXPECT_GE(count, 8U);
}

TEST(Examples, TheQuickstartIsWhatItSays) {
  const Config config = load_shipped({"config/weir.yaml"});
  ASSERT_EQ(config.listeners.size(), 2U);
  EXPECT_EQ(config.listeners[0].address.to_string(), "0.0.0.0:8080");
  EXPECT_EQ(config.listeners[1].address.to_string(), "0.0.0.0:8443");
  EXPECT_TRUE(config.listeners[1].tls.has_value());
  EXPECT_EQ(config.admin.address.to_string(), "127.0.0.1:9900");
  ASSERT_EQ(config.upstreams.size(), 2U);
  EXPECT_EQ(config.upstreams[0].endpoints.size(), 2U);
  EXPECT_EQ(config.upstreams[1].endpoints.size(), 1U);
  EXPECT_EQ(config.routes.size(), 3U);
}

TEST(Examples, TheDemoOfRolloutsIsWhatItSays) {
  const Config config = load_shipped({"config/rollout-demo.yaml"});
  ASSERT_EQ(config.routes.size(), 1U);
  const auto& action = std::get<ProxyAction>(config.routes[0].action);
  ASSERT_TRUE(action.rollout.has_value());
  EXPECT_EQ(config.upstreams[action.split->targets[action.rollout->canary].upstream].name, "green");
  EXPECT_EQ(config.listeners[0].address.to_string(), "127.0.0.1:8080");
  EXPECT_EQ(config.admin.address.to_string(), "127.0.0.1:9900");
}

TEST(Examples, TheProductionLayerGoesOverIt) {
  World world;
  world.environment = {{"WEIR_ADMIN_ADDRESS", "10.0.0.1:9900"}, {"WEIR_ADMIN_TOKEN", "t0ken"}};
  const Config config = load_shipped({"config/weir.yaml", "config/production.yaml"}, world);
  EXPECT_EQ(config.admin.token, "t0ken");
  EXPECT_TRUE(config.listeners[0].redirect_to_https.has_value());
  EXPECT_EQ(config.listeners[1].limits.body_bytes, 100ULL << 20);
  EXPECT_EQ(config.routes.size(), 3U);
  load_shipped({"config/weir.yaml", "config/production.yaml"});  // without a variable set, too
}

TEST(Examples, WeirEnvPicksTheLayerBeside) {
  World world;
  EXPECT_EQ(default_files(shipped(world)), (std::vector<std::string>{"config/weir.yaml"}));
  world.environment["WEIR_ENV"] = "production";
  EXPECT_EQ(default_files(shipped(world)),
            (std::vector<std::string>{"config/weir.yaml", "config/production.yaml"}));
  world.environment["WEIR_ENV"] = "no-such-layer";
  EXPECT_EQ(default_files(shipped(world)), (std::vector<std::string>{"config/weir.yaml"}));
}

TEST(Examples, TheSmallestIsTenLinesAtMost) {
  std::ifstream stream(source_dir / "config/examples/minimal.yaml");
  EXPECT_LE(std::count(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>(), '\n'), 10);
}

}  // namespace
}  // namespace weir::config::testing
