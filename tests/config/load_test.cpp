// Loading as a whole: size, bounds, secrets, the real surroundings.
#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/dump.hpp"
#include "config/world.hpp"

namespace weir::config::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Config* config_of(const LoadResult& result) {
  return std::get_if<Config>(&result);
}

TEST(Load, NeedsAFile) {
  const World world;
  EXPECT_EQ(problems_of(load({}, world.surroundings())),
            ":0:0: no configuration file was named; name one with -c FILE\n");
}

TEST(Load, NamesEveryFileThatCannotBeRead) {
  World world;
  world.files = {{"good.yaml", minimal()}, {"bad.yaml", "a: [\n"}};
  const std::string problems = problems_of(load({"no.yaml", "good.yaml", "bad.yaml"}, world.surroundings()));
  EXPECT_THAT(problems, HasSubstr("no.yaml:1:1: cannot read the file: no such file"));
  EXPECT_THAT(problems, HasSubstr("bad.yaml:"));
  EXPECT_THAT(problems, Not(HasSubstr("good.yaml")));
}

TEST(Load, TenThousandRoutesLoad) {
  constexpr int routes = 10'000;
  std::string text =
      "listeners: { http: { address: 127.0.0.1:8080 } }\n"
      "upstreams:\n";
  for (int i = 0; i < 1'000; ++i) {
    text += "  app" + std::to_string(i) + ": { endpoints: [10.0.0.1:80, 10.0.0.2:80] }\n";
  }
  text += "routes:\n";
  for (int i = 0; i < routes; ++i) {
    const std::string n = std::to_string(i);
    text += "  - name: r" + n + "\n    match: { hosts: [h" + std::to_string(i % 100) + ".example.com, www.h" +
            n + ".example.com], path_prefix: /api/v1/p" + n + ", methods: [GET, POST] }\n    upstream: app" +
            std::to_string(i % 1000) + "\n    timeouts: { response: 5s }\n";
  }
  const LoadResult result = load_text(text);
  const Config* const config = config_of(result);
  ASSERT_NE(config, nullptr) << problems_of(result);
  EXPECT_EQ(config->routes.size(), 10'000U);
  EXPECT_EQ(std::get<ProxyAction>(config->routes[1234].action).upstream, 234U);
}

TEST(Load, ManyProblemsAreCounted) {
  std::string text = "server:\n";
  for (std::size_t i = 0; i < problems_max + 10; ++i) text += "  nonsense" + std::to_string(i) + ": 1\n";
  const LoadResult result = load_text(text);
  const auto& problems = std::get<std::vector<Problem>>(result);
  ASSERT_EQ(problems.size(), problems_max + 1);
  EXPECT_EQ(problems.back().problem, "13 more problems are not shown");  // with three sections missing
}

TEST(Load, HashFollowsTheMeaning) {
  const auto hash = [](const std::string& text, const World& world = {}) {
    const LoadResult result = load_text(text, world);
    EXPECT_EQ(problems_of(result), "");
    return config_of(result) ? config_of(result)->hash : "";
  };
  const std::string plain = hash(minimal());
  EXPECT_EQ(hash("# a comment\n" + minimal()), plain);
  EXPECT_NE(hash(minimal("server: { workers: 2 }\n")), plain);
  World world;
  world.environment["WEIR__SERVER__WORKERS"] = "2";
  EXPECT_EQ(hash(minimal(), world), hash(minimal("server: { workers: 2 }\n")));
  world.environment = {{"N", "2"}};
  EXPECT_EQ(hash(minimal("server: { workers: \"${N}\" }\n"), world),
            hash(minimal("server: { workers: 2 }\n")));
}

TEST(Load, SecretsAreInNoDump) {
  const LoadResult result = load_text(minimal(
      "admin: { token: s3cret-1 }\n"
      "headers: { a: { request: { set: { Authorization: s3cret-2, X-Api-Key: s3cret-3, X-Plain: shown } },\n"
      "                response: { set: { Set-Cookie: s3cret-4 } } } }\n"));
  ASSERT_NE(config_of(result), nullptr) << problems_of(result);
  const std::string text = dump(*config_of(result));
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  EXPECT_THAT(text, HasSubstr("shown"));
  EXPECT_THAT(text, HasSubstr("\"token\": \"***\""));
}

TEST(Load, SecretsAreInNoProblem) {
  World world;
  world.environment["TOKEN"] = "s3cret with\tblanks\n";
  const std::string problems = problems_of(
      load_text(minimal("admin: { token: \"${TOKEN}\" }\n"
                        "headers: { a: { request: { set: { Authorization: \"${TOKEN}\" } } } }\n"),
                world));
  EXPECT_THAT(problems, HasSubstr("admin.token: "));
  EXPECT_THAT(problems, HasSubstr("Authorization: "));
  EXPECT_THAT(problems, Not(HasSubstr("s3cret")));
}

TEST(Load, DumpIsJsonWhateverTheText) {
  const LoadResult result = load_text(minimal("log: { output: \"a\\\"b\\\\c \\u00fc\" }\n"));
  ASSERT_NE(config_of(result), nullptr) << problems_of(result);
  EXPECT_THAT(dump(*config_of(result)), HasSubstr(R"("output": "a\"b\\c ü")"));
}

Surroundings real() {
  const auto fine = [](const auto&) -> std::optional<std::string> { return std::nullopt; };
  return real_surroundings(fine, fine);
}

TEST(RealSurroundings, ReadFiles) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("weir-config-" + std::to_string(getpid()))).string();
  std::ofstream(path) << "content";
  const auto content = real().read_file(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(std::holds_alternative<std::string>(content));
  EXPECT_EQ(std::get<std::string>(content), "content");
  const auto gone = real().read_file(path);
  ASSERT_TRUE(std::holds_alternative<FileError>(gone));
  EXPECT_TRUE(std::get<FileError>(gone).absent);
  EXPECT_EQ(std::get<FileError>(gone).text, "No such file or directory");
}

TEST(RealSurroundings, RefuseWhatIsNoFile) {
  const auto folder = real().read_file("/");
  ASSERT_TRUE(std::holds_alternative<FileError>(folder));
  EXPECT_FALSE(std::get<FileError>(folder).absent);
  const auto endless = real().read_file("/dev/zero");
  ASSERT_TRUE(std::holds_alternative<FileError>(endless));
  EXPECT_EQ(std::get<FileError>(endless).text, "larger than 8 MiB");
}

TEST(RealSurroundings, SayWhetherALogCanBeWritten) {
  const auto folder = std::filesystem::temp_directory_path() / ("weir-outputs-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string fresh = (folder / "fresh.log").string();
  EXPECT_EQ(real().check_output(fresh), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(fresh)) << "a check writes nothing";
  std::ofstream(fresh) << "line";
  EXPECT_EQ(real().check_output(fresh), std::nullopt);
  EXPECT_EQ(std::filesystem::file_size(fresh), 4U);
  EXPECT_EQ(real().check_output("/dev/null"), std::nullopt);
  const std::string nowhere = (folder / "none" / "a.log").string();
  EXPECT_THAT(real().check_output(nowhere).value_or(""), HasSubstr("No such file or directory"));
  EXPECT_THAT(real().check_output(folder.string()).value_or(""), HasSubstr("Is a directory"));
  EXPECT_THAT(real().check_output(fresh + "/a.log").value_or(""), HasSubstr("Not a directory"));
  std::filesystem::remove_all(folder);
}

TEST(RealSurroundings, KnowTheEnvironment) {
  ASSERT_EQ(setenv("WEIR_CONFIG_TEST", "a=b", 1), 0);
  EXPECT_EQ(real().environment("WEIR_CONFIG_TEST"), "a=b");
  EXPECT_THAT(real().environment_all(),
              ::testing::Contains(std::pair<std::string, std::string>("WEIR_CONFIG_TEST", "a=b")));
  unsetenv("WEIR_CONFIG_TEST");
  EXPECT_EQ(real().environment("WEIR_CONFIG_TEST"), std::nullopt);
}

}  // namespace
}  // namespace weir::config::testing
