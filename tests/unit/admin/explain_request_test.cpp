#include "admin/explain_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> problems(std::string_view body) {
  const auto parsed = parse_explain_request(body);
  const auto* found = std::get_if<std::vector<std::string>>(&parsed);
  return found == nullptr ? std::vector<std::string>{} : *found;
}

TEST(ExplainRequestBody, ComesBackAsItWasAsked) {
  ExplainCall asked;
  asked.request = {"POST", "http://h/x?q=1", {"X-A: \"b\"", "Cookie: c=d"}, "192.0.2.1", "https"};
  asked.text = true;
  const auto parsed = parse_explain_request(explain_body(asked));
  ASSERT_TRUE(std::holds_alternative<ExplainCall>(parsed));
  const auto& call = std::get<ExplainCall>(parsed);
  EXPECT_EQ(call.request.method, "POST");
  EXPECT_EQ(call.request.url, "http://h/x?q=1");
  EXPECT_EQ(call.request.headers, asked.request.headers);
  EXPECT_EQ(call.request.client_ip, "192.0.2.1");
  EXPECT_EQ(call.request.listener, "https");
  EXPECT_TRUE(call.text);
}

TEST(ExplainRequestBody, HasDefaults) {
  const auto parsed = parse_explain_request(R"({"method":"GET","url":"http://h/"})");
  ASSERT_TRUE(std::holds_alternative<ExplainCall>(parsed));
  const auto& call = std::get<ExplainCall>(parsed);
  EXPECT_EQ(call.request.client_ip, "127.0.0.1");
  EXPECT_EQ(call.request.listener, "");
  EXPECT_FALSE(call.text);
}

TEST(ExplainRequestBody, EverythingThatIsWrongIsSaid) {
  EXPECT_THAT(problems("[]"), ElementsAre("the body must be a JSON object"));
  EXPECT_THAT(problems("{}"), ElementsAre(HasSubstr("method: is missing"), HasSubstr("url: is missing")));
  EXPECT_THAT(problems(R"({"method":1,"url":"http://h/","headers":["a",2],"format":"xml","who":"me"})"),
              ElementsAre(HasSubstr("method: must be one line"), HasSubstr("headers: must be a list"),
                          HasSubstr("format: must be"), HasSubstr("who: unknown; write method, url")));
}

}  // namespace
}  // namespace weir::control
