#include "http/hops.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "unit/http/request_with.hpp"

namespace weir::http {
namespace {

using test::request_with;

TEST(CameThrough, FindsOurPseudonymOnly) {
  const auto came = [](const std::string& via) {
    return came_through(request_with(via).head, "weir-1a2b3c4d");
  };
  EXPECT_FALSE(came(""));
  EXPECT_TRUE(came("Via: 1.1 weir-1a2b3c4d\r\n"));
  EXPECT_TRUE(came("Via: 1.0 fred, HTTP/1.1 weir-1a2b3c4d (comment), 1.1 p.example\r\n"));
  EXPECT_TRUE(came("Via: 1.1 a\r\nVia: 1.1 weir-1a2b3c4d\r\n"));
  EXPECT_FALSE(came("Via: 1.1 weir\r\n"));
  EXPECT_FALSE(came("Via: 1.1 weir-1a2b3c4e, 1.1 weir-1a2b3c4d5\r\n"));
  EXPECT_FALSE(came("Via: 1.1 a (weir-1a2b3c4d)\r\n"));
  EXPECT_FALSE(came("X-Via: 1.1 weir-1a2b3c4d\r\n"));
}

TEST(MaxForwards, CountsForOptionsOnly) {
  const auto of = [](std::string_view method, std::string_view fields) {
    auto request = request_with(fields);
    request.head.method = parse_method(method);
    return max_forwards(request.head);
  };
  EXPECT_EQ(of("OPTIONS", "Max-Forwards: 0\r\n"), 0u);
  EXPECT_EQ(of("OPTIONS", "Max-Forwards: 7\r\n"), 7u);
  EXPECT_EQ(of("GET", "Max-Forwards: 0\r\n"), std::nullopt);
  EXPECT_EQ(of("OPTIONS", ""), std::nullopt);
  EXPECT_EQ(of("OPTIONS", "Max-Forwards: x\r\n"), std::nullopt);
  EXPECT_EQ(of("OPTIONS", "Max-Forwards: 1\r\nMax-Forwards: 1\r\n"), std::nullopt);
}

}  // namespace
}  // namespace weir::http
