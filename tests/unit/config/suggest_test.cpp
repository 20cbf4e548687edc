#include "config/suggest.hpp"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

TEST(Suggest, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("workers", "workers"), 0U);
  EXPECT_EQ(edit_distance("worker", "workers"), 1U);
  EXPECT_EQ(edit_distance("workers", "wrokers"), 1U);  // neighbours swapped
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("Workers", "workers"), 0U);
  EXPECT_EQ(edit_distance("max-idle", "max_idle"), 0U);
}

TEST(Suggest, FindsTheNearest) {
  const std::vector<std::string_view> keys = {"workers", "shutdown_timeout", "max_connections"};
  EXPECT_EQ(nearest("worker", keys), "workers");
  EXPECT_EQ(nearest("max_conections", keys), "max_connections");
  EXPECT_EQ(nearest("shutdown-timeout", keys), "shutdown_timeout");
  EXPECT_EQ(nearest("threads", keys), std::nullopt);
  EXPECT_EQ(nearest("", keys), std::nullopt);
  EXPECT_EQ(nearest("worker", {}), std::nullopt);
}

TEST(Suggest, KeepsToWordsThatAreAlike) {
  EXPECT_EQ(nearest("ab", {"cd"}), std::nullopt);
  EXPECT_EQ(nearest("a", {"b"}), std::nullopt);
  EXPECT_EQ(nearest("on", {"off"}), std::nullopt);
  EXPECT_EQ(nearest("500", {"502", "503"}), std::nullopt);  // numbers
  EXPECT_EQ(nearest(std::string(suggest_bytes_max + 1, 'a'), {"aaaa"}), std::nullopt);
}

TEST(Suggest, TakesTheFirstOfEquals) {
  EXPECT_EQ(nearest("bluw", {"blue", "blur"}), "blue");
}

TEST(Suggest, SaysItAsAQuestion) {
  EXPECT_EQ(did_you_mean("gren", {"blue", "green"}, "define it"), "did you mean 'green'?");
  EXPECT_EQ(did_you_mean("purple", {"blue", "green"}, "define it"), "define it");
}

TEST(Suggest, ListsNames) {
  EXPECT_EQ(list_names({}), "");
  EXPECT_EQ(list_names({"a"}), "a");
  EXPECT_EQ(list_names({"a", "b"}), "a or b");
  EXPECT_EQ(list_names({"a", "b", "c"}), "a, b or c");
  const std::vector<std::string_view> many(listed_names_max + 1, "x");
  EXPECT_TRUE(list_names(many).ends_with(", x, ..."));
}

}  // namespace
}  // namespace weir::config
