#include "control/name_resolver.hpp"

#include <gtest/gtest.h>

namespace weir::control {
namespace {

TEST(NameResolver, ResolvesInTheBackgroundAndTellsOfChanges) {
  boost::asio::io_context context;
  int changes = 0;
  NameResolver resolver(context, [&] {
    ++changes;
    context.stop();
  });
  resolver.watch({"localhost"});
  EXPECT_TRUE(resolver.addresses("localhost").empty()) << "nothing waits for an answer";
  context.run_for(std::chrono::seconds(20));
  EXPECT_EQ(changes, 1);
  ASSERT_FALSE(resolver.addresses("localhost").empty());
  EXPECT_TRUE(resolver.addresses("localhost")[0].is_loopback());
  resolver.watch({});
  EXPECT_TRUE(resolver.addresses("localhost").empty());
  resolver.stop();
}

}  // namespace
}  // namespace weir::control
