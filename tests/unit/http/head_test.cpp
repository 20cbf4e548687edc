#include "http/head.hpp"

#include <gtest/gtest.h>

namespace weir::http {
namespace {

TEST(Method, NamesRoundTrip) {
  for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::delete_,
                              Method::patch, Method::options, Method::trace, Method::connect}) {
    EXPECT_EQ(parse_method(to_string(method)), method);
  }
  EXPECT_EQ(to_string(Method::other), "OTHER");
  for (const char* text : {"", "get", "Get", "GETS", "GE", "OTHER", "PROPFIND", " GET"}) {
    EXPECT_EQ(parse_method(text), Method::other) << text;
  }
}

TEST(Method, IdempotentAsInRfc9110) {
  for (const Method method :
       {Method::get, Method::head, Method::put, Method::delete_, Method::options, Method::trace}) {
    EXPECT_TRUE(is_idempotent(method)) << to_string(method);
  }
  for (const Method method : {Method::post, Method::patch, Method::connect, Method::other}) {
    EXPECT_FALSE(is_idempotent(method)) << to_string(method);
  }
}

TEST(RequestHead, ClearKeepsCapacityAndNothingElse) {
  RequestHead head;
  head.fields.resize(20);
  head.connection_tokens.resize(3);
  head.path = "/a";
  head.keep_alive = false;
  head.body = {BodyKind::length, 5};
  head.clear();
  EXPECT_TRUE(head.fields.empty());
  EXPECT_GE(head.fields.capacity(), 20u);
  EXPECT_TRUE(head.connection_tokens.empty());
  EXPECT_TRUE(head.path.empty());
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.body.kind, BodyKind::none);
  EXPECT_EQ(head.body.length, 0u);
}

}  // namespace
}  // namespace weir::http
