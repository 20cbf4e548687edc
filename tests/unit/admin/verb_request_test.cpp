#include "admin/verb_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Request>
Problems problems_of(const std::variant<Request, Problems>& parsed) {
  const auto* const problems = std::get_if<Problems>(&parsed);
  return problems == nullptr ? Problems{} : *problems;
}

TEST(PauseRequest, TakesAllMembers) {
  const auto parsed =
      parse_pause_request(R"({"state":"paused","max":"45s","queue":7,"reason":"x","who":"ada"})");
  const auto& request = std::get<PauseRequest>(parsed);
  EXPECT_TRUE(request.paused);
  EXPECT_EQ(request.max, Milliseconds(45'000));
  EXPECT_EQ(request.queue, 7u);
  EXPECT_EQ(request.reason, "x");
  EXPECT_EQ(request.who, "ada");
  const auto least = parse_pause_request(R"({"state":"resumed"})");
  EXPECT_FALSE(std::get<PauseRequest>(least).paused);
  EXPECT_EQ(std::get<PauseRequest>(least).max, pause_default);
  EXPECT_EQ(std::get<PauseRequest>(least).queue, pause_queue_default);
}

TEST(PauseRequest, SaysWhatIsWrong) {
  EXPECT_THAT(problems_of(parse_pause_request("{}")), ElementsAre(HasSubstr("state: is missing")));
  EXPECT_THAT(problems_of(parse_pause_request(R"({"state":"off"})")),
              ElementsAre(R"(state: must be "paused" or "resumed")"));
  for (const char* max : {"\"0\"", "\"61m\"", "30", "\"soon\"", "null"}) {
    EXPECT_THAT(problems_of(parse_pause_request(std::string(R"({"state":"paused","max":)") + max + "}")),
                ElementsAre("max: must be a duration above 0 and up to 1h, such as \"30s\""))
        << max;
  }
  for (const char* queue : {"0", "-1", "100001", "1.5", "\"9\""}) {
    EXPECT_THAT(problems_of(parse_pause_request(std::string(R"({"state":"paused","queue":)") + queue + "}")),
                ElementsAre("queue: must be a whole number from 1 to 100000"))
        << queue;
  }
}

TEST(PauseRequest, TakesNoReasonThatControlsATerminal) {
  for (const std::string reason : {"a\xc2\x9b"
                                   "2J",
                                   "a\\u001b[2J", "a\\n", "a\xc2\x80"}) {
    const auto parsed = parse_pause_request(R"({"state":"paused","reason":")" + reason + "\"}");
    ASSERT_TRUE(std::holds_alternative<Problems>(parsed)) << reason;
    EXPECT_THAT(std::get<Problems>(parsed).front(),
                HasSubstr("reason: must be one line of up to 256 bytes, without "));
  }
  const auto parsed =
      parse_pause_request("{\"state\":\"paused\",\"reason\":\"caf\xc3\xa9 \xc2\xa0 \xe2\x82\xac\"}");
  EXPECT_TRUE(std::holds_alternative<PauseRequest>(parsed));
}

TEST(WeightsRequest, HasAReasonAlways) {
  const auto parsed =
      parse_promote_request(R"({"to":"green","reason":"1.4","generation":"1f0c9a3e-7","who":"ada"})");
  const auto& request = std::get<WeightsRequest>(parsed);
  EXPECT_EQ(request.to, "green");
  EXPECT_EQ(request.generation, "1f0c9a3e-7");
  EXPECT_THAT(problems_of(parse_promote_request("{}")), ElementsAre(HasSubstr("reason: is missing")));
  EXPECT_THAT(problems_of(parse_promote_request(R"({"reason":""})")),
              ElementsAre("reason: must not be empty"));
  EXPECT_THAT(problems_of(parse_rollback_request("{}")), ElementsAre(HasSubstr("reason: is missing")));
  EXPECT_THAT(problems_of(parse_rollback_request(R"({"reason":"x","to":"green"})")),
              ElementsAre(HasSubstr("to: unknown")));
  EXPECT_THAT(problems_of(parse_rollback_request(R"({"reason":"x","generation":-1})")),
              ElementsAre(HasSubstr("generation:")));
}

TEST(ReloadRequest, MayBeEmpty) {
  const auto empty = parse_reload_request("");
  EXPECT_FALSE(std::get<ReloadRequest>(empty).guard);
  const auto parsed = parse_reload_request(R"({"guard":"30s","reason":"x","who":"ada"})");
  EXPECT_EQ(std::get<ReloadRequest>(parsed).guard, Milliseconds(30'000));
  EXPECT_EQ(std::get<ReloadRequest>(parse_reload_request(R"({"guard":"0"})")).guard, Milliseconds(0));
  for (const char* guard : {"\"999ms\"", "\"11m\"", "30", "\"x\""}) {
    EXPECT_THAT(problems_of(parse_reload_request(std::string(R"({"guard":)") + guard + "}")),
                ElementsAre("guard: must be 0 or a duration from 1s to 10m"))
        << guard;
  }
}

}  // namespace
}  // namespace weir::control
