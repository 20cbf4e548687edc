#include "control/name_resolver.hpp"

#include <gtest/gtest.h>

namespace weir::control {
namespace {

class NameResolverTest : public testing::Test {
 protected:
  void wait_until_settled() {
    for (int i = 0; i < 100 && settled == 0; ++i) context.run_for(std::chrono::milliseconds(200));
    ASSERT_EQ(settled, 1);
  }

  boost::asio::io_context context;
  int changes = 0, settled = 0;
  NameResolver resolver{context, [this] { ++changes; }};
};

TEST_F(NameResolverTest, WithoutNamesItSettlesAtOnce) {
  resolver.watch({}, [this] { ++settled; });
  EXPECT_EQ(settled, 1);
}

TEST_F(NameResolverTest, SettlesWithTheFirstAnswers) {
  resolver.watch({"localhost"}, [this] {
    ++settled;
    context.stop();
  });
  EXPECT_EQ(settled, 0) << "nothing waits for an answer";
  EXPECT_TRUE(resolver.addresses("localhost").empty());
  wait_until_settled();
  ASSERT_FALSE(resolver.addresses("localhost").empty());
  EXPECT_TRUE(resolver.addresses("localhost")[0].is_loopback());
  EXPECT_EQ(changes, 0) << "first answers come with settling, not as changes";
}

TEST_F(NameResolverTest, KnownNamesSettleAtOnceAndForgottenOnesAreGone) {
  resolver.watch({"localhost"}, [this] {
    ++settled;
    context.stop();
  });
  wait_until_settled();
  resolver.watch({"localhost"}, [this] { ++settled; });
  EXPECT_EQ(settled, 2);
  resolver.watch({}, [this] { ++settled; });
  EXPECT_EQ(settled, 3);
  EXPECT_TRUE(resolver.addresses("localhost").empty());
}

TEST_F(NameResolverTest, ANameThatDoesNotResolveSettlesToo) {
  resolver.watch({"no-such-name.invalid"}, [this] {
    ++settled;
    context.stop();
  });
  wait_until_settled();
  EXPECT_TRUE(resolver.addresses("no-such-name.invalid").empty());
}

}  // namespace
}  // namespace weir::control
