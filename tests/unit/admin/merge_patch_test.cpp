// Differences of JSON objects as merge patches: what comes of applying them is what there is now.
#include "admin/merge_patch.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>

namespace weir::control {
namespace {

namespace json = boost::json;

/// RFC 7396 2.
json::value applied(json::value target, const json::value& patch) {
  if (!patch.is_object()) return patch;
  if (!target.is_object()) target = json::object();
  for (const auto& [key, value] : patch.get_object()) {
    if (value.is_null()) {
      target.get_object().erase(key);
    } else {
      json::value& member = target.get_object()[key];
      member = applied(member, value);
    }
  }
  return target;
}

std::string patch_text(const char* before, const char* after) {
  return json::serialize(merge_patch(json::parse(before).as_object(), json::parse(after).as_object()));
}

TEST(MergePatch, HoldsOnlyWhatDiffers) {
  EXPECT_EQ(patch_text(R"({"a":1,"b":{"c":2,"d":3}})", R"({"a":1,"b":{"c":2,"d":3}})"), "{}");
  EXPECT_EQ(patch_text(R"({"a":1,"b":{"c":2,"d":3}})", R"({"a":1,"b":{"c":2,"d":4}})"), R"({"b":{"d":4}})");
  EXPECT_EQ(patch_text(R"({"a":1})", R"({"a":{"b":[]}})"), R"({"a":{"b":[]}})");
  EXPECT_EQ(patch_text(R"({"a":{"b":1}})", R"({"a":2})"), R"({"a":2})");
  EXPECT_EQ(patch_text(R"({"a":1,"b":2})", R"({"b":2})"), R"({"a":null})");
  EXPECT_EQ(patch_text(R"({"a":{"b":1,"c":1}})", R"({"a":{"c":1}})"), R"({"a":{"b":null}})");
  EXPECT_EQ(patch_text(R"({"a":[1,2]})", R"({"a":[1,3]})"), R"({"a":[1,3]})");
}

json::object random_object(std::mt19937& random, int depth) {
  json::object made;
  for (const char* key : {"a", "b", "c", "d"}) {
    switch (random() % (depth > 0 ? 5 : 3)) {
      case 0:
        break;
      case 1:
        made[key] = static_cast<int>(random() % 3);
        break;
      case 2:
        made[key] = json::array{static_cast<int>(random() % 2), nullptr};
        break;
      default:
        made[key] = random_object(random, depth - 1);
    }
  }
  return made;
}

TEST(MergePatch, AppliedToWhatWasItMakesWhatIs) {
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    const json::object before = random_object(random, 3), after = random_object(random, 3);
    const json::object patch = merge_patch(before, after);
    EXPECT_EQ(applied(before, patch), json::value(after))
        << json::serialize(before) << " -> " << json::serialize(after) << " by " << json::serialize(patch);
    EXPECT_EQ(patch.empty(), before == after);
  }
}

}  // namespace
}  // namespace weir::control
