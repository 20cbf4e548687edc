// What PUT /api/v1/routes/NAME/split takes, what `weir split` sends and shows.
#include "admin/split_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "admin/generation_tag.hpp"
#include "admin/split_report.hpp"
#include "cli/split_client.hpp"

namespace weir::control {
namespace {

using Problems = std::vector<std::string>;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Problems problems_of(const std::string& body) {
  const auto parsed = parse_split_request(body);
  const auto* problems = std::get_if<Problems>(&parsed);
  return problems == nullptr ? Problems{} : *problems;
}

TEST(SplitRequest, TakesAllMembers) {
  const auto parsed = parse_split_request(
      R"({"weights":{"blue":90,"green":10},"reason":"1.4","ttl":"15m","generation":12,"who":"ada"})");
  const auto& request = std::get<SplitRequest>(parsed);
  EXPECT_EQ(split::to_string(request.weights), "blue=90 green=10");
  EXPECT_EQ(request.reason, "1.4");
  EXPECT_EQ(request.ttl, Milliseconds(900'000));
  EXPECT_EQ(request.generation, "12");
  EXPECT_EQ(request.who, "ada");
  EXPECT_TRUE(problems_of(R"({"weights":{"blue":0}})").empty());
}

TEST(SplitRequest, SaysWhatIsWrong) {
  for (const char* body : {"", "[]", "{", "1", R"({"weights":{"blue":90}}x)", R"({"a":[[[[[[1]]]]]]})"}) {
    EXPECT_THAT(problems_of(body), ElementsAre("the body must be a JSON object")) << body;
  }
  EXPECT_THAT(problems_of("{}"), ElementsAre("weights: is missing"));
  EXPECT_THAT(problems_of(R"({"weights":[]})"), ElementsAre(HasSubstr("must be an object")));
  EXPECT_THAT(problems_of(R"({"weights":{}})"), ElementsAre(HasSubstr("must be an object")));
  for (const char* weight : {"-1", "1.5", "\"9\"", "1000001", "null", "1e3", "99999999999999999999"}) {
    EXPECT_THAT(problems_of(std::string(R"({"weights":{"blue":)") + weight + "}}"),
                ElementsAre("weights.blue: must be a whole number from 0 to 1000000"))
        << weight;
  }
  EXPECT_THAT(
      problems_of(R"({"weights":{"blue":1},"ttl":5,"reason":"a\nb","generation":-1,"who":7,"whi":""})"),
      ElementsAre(HasSubstr("ttl:"), HasSubstr("reason:"), HasSubstr("generation:"), HasSubstr("who:"),
                  HasSubstr("whi: unknown")));
  for (const char* ttl : {"0", "", "15", "-5m", "1y"}) {
    EXPECT_THAT(problems_of(std::string(R"({"weights":{"blue":1},"ttl":")") + ttl + "\"}"),
                ElementsAre(HasSubstr("ttl:")));
  }
}

TEST(SplitRequest, AMemberThatIsThereTwiceIsAmbiguous) {
  EXPECT_THAT(problems_of(R"({"weights":{"blue":90,"green":10},"weights":{"blue":10,"green":90}})"),
              ElementsAre("weights: is there twice; write it once"));
  EXPECT_THAT(problems_of(R"({"weights":{"blue":90,"green":10,"blue":0,"blue":5}})"),
              ElementsAre("weights.blue: is there twice; write it once"));
  EXPECT_THAT(
      problems_of(R"({"weights":{"bl\u0075e":90,"blue":10},"ttl":"1m","\u0074tl":"15m","ttx":1})"),
      ElementsAre("weights.blue: is there twice; write it once", "ttl: is there twice; write it once",
                  HasSubstr("ttx: unknown; write weights, reason, ttl, abort_rollout, generation or who")));
  EXPECT_TRUE(problems_of(R"({"weights":{"weights":1,"reason":2},"reason":"weights"})").empty());
}

TEST(SplitRequest, ARolloutIsEndedByWhoSaysSo) {
  const auto abort = [](const char* value) {
    return parse_split_request(std::string(R"({"weights":{"blue":1},"abort_rollout":)") + value + "}");
  };
  EXPECT_TRUE(std::get<SplitRequest>(abort("true")).abort_rollout);
  EXPECT_FALSE(std::get<SplitRequest>(abort("false")).abort_rollout);
  EXPECT_TRUE(std::holds_alternative<Problems>(abort("1")));
}

TEST(SplitRequest, WeightsChangeAsAWhole) {
  const split::NamedWeights configured{{"blue", 100}, {"green", 0}};
  const auto matched = match_weights({{"green", 10}, {"blue", 90}}, configured);
  EXPECT_EQ(split::to_string(std::get<split::NamedWeights>(matched)), "blue=90 green=10");
  const auto problems = [&](const split::NamedWeights& weights) {
    return std::get<Problems>(match_weights(weights, configured));
  };
  EXPECT_THAT(problems({{"blue", 1}}), ElementsAre(HasSubstr("weights.green: is missing")));
  EXPECT_THAT(problems({{"blue", 1}, {"green", 1}, {"red", 1}}),
              ElementsAre(HasSubstr("weights.red: not a target")));
  EXPECT_THAT(problems({{"blue", 0}, {"green", 0}}), ElementsAre("weights: not all may be 0"));
}

TEST(SplitClient, WritesTheBody) {
  const auto body = set_split_body({"api", {"blue=90", "green=10"}, "15m", "1.4", "1f0c9a3e-12"}, "ada@edge");
  ASSERT_TRUE(body);
  EXPECT_EQ(
      *body,
      R"({"weights":{"blue":90,"green":10},"who":"ada@edge","reason":"1.4","ttl":"15m","generation":"1f0c9a3e-12"})");
  EXPECT_TRUE(problems_of(*body).empty());
}

TEST(SplitRequest, AGenerationIsANumberOrATag) {
  for (const char* generation : {"0", "12", "\"12\"", "\"1f0c9a3e-12\""}) {
    EXPECT_TRUE(problems_of(std::string(R"({"weights":{"blue":1},"generation":)") + generation + "}").empty())
        << generation;
  }
  for (const char* generation : {"-1", "1.5", "null", "\"\"", "\"-7\"", "\"1f-\"", "\"xyz-7\"", "\"7 \"",
                                 "\"1-f\"", "\"00000000000000000000000000000000000000001\""}) {
    EXPECT_THAT(problems_of(std::string(R"({"weights":{"blue":1},"generation":)") + generation + "}"),
                ElementsAre(HasSubstr("generation: must be a whole number, or a tag")))
        << generation;
  }
}

TEST(GenerationTag, NamesOneProcessOnly) {
  EXPECT_EQ(generation_tag("1f0c9a3e", 7), "1f0c9a3e-7");
  EXPECT_TRUE(names_generation("1f0c9a3e-7", "1f0c9a3e", 7));
  EXPECT_TRUE(names_generation("7", "1f0c9a3e", 7));
  for (const char* other : {"1f0c9a3e-8", "2f0c9a3e-7", "8", "07", ""}) {
    EXPECT_FALSE(names_generation(other, "1f0c9a3e", 7)) << other;
  }
  EXPECT_TRUE(is_generation_text(generation_tag(make_boot_mark(), 1)));
  EXPECT_NE(make_boot_mark(), make_boot_mark());
}

TEST(SplitClient, RefusesArgumentsThatAreNone) {
  for (const char* weight : {"blue", "=90", "blue=", "blue=x", "blue=-1", "blue=1x", "blue=1000001"}) {
    EXPECT_FALSE(set_split_body({"api", {weight}, "", "", ""}, "a")) << weight;
  }
  EXPECT_FALSE(set_split_body({"api", {"blue=1", "blue=2"}, "", "", ""}, "a"));
  EXPECT_FALSE(set_split_body({"api", {"blue=1"}, "soon", "", ""}, "a"));
  EXPECT_FALSE(set_split_body({"api", {"blue=1"}, "0", "", ""}, "a"));
  EXPECT_FALSE(set_split_body({"api", {"blue=1"}, "", "", "seven"}, "a"));
}

SplitReport report() {
  SplitReport made;
  made.route = "api";
  made.generation = 7;
  made.tag = "1f0c9a3e-7";
  made.affinity = "cookie";
  made.targets = {{"blue", 100, 90, 2, 2}, {"green", 0, 10, 1, 1}};
  return made;
}

TEST(SplitClient, ShowsWhatIsConfigured) {
  SplitReport made = report();
  made.targets[0].effective = 100;
  made.targets[1].effective = 0;
  EXPECT_EQ(split_text(to_json(made, {})),
            "route api, generation 1f0c9a3e-7, affinity cookie\n"
            "UPSTREAM  CONFIGURED  RUNTIME  EFFECTIVE  SHARE   ENDPOINTS\n"
            "blue      100         -        100        100.0%  2/2\n"
            "green     0           -        0          0.0%    1/1\n"
            "as configured\n");
}

TEST(SplitClient, ShowsWhatWasSet) {
  SplitReport made = report();
  const SystemTime since{std::chrono::seconds(1'763'690'400)};
  made.runtime = {"ada from 127.0.0.1", "canary", since, since + std::chrono::seconds(600)};
  EXPECT_EQ(split_text(to_json(made, since + std::chrono::seconds(60))),
            "route api, generation 1f0c9a3e-7, affinity cookie\n"
            "UPSTREAM  CONFIGURED  RUNTIME  EFFECTIVE  SHARE  ENDPOINTS\n"
            "blue      100         90       90         90.0%  2/2\n"
            "green     0           10       10         10.0%  1/1\n"
            "set by ada from 127.0.0.1 at 2025-11-21T02:00:00.000Z: canary\n"
            "back to the configured weights in 9m 0s\n"
            "kept in memory only: server.state_dir is not set\n");
  EXPECT_FALSE(split_text("{}"));
  EXPECT_FALSE(split_text("not JSON"));
}

}  // namespace
}  // namespace weir::control
