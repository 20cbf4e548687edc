// Random route tables and paths: what passes is treated alike under both readings of its encoded slashes, and the
// endpoint gets a path that reads as the one that was judged.
#include <gtest/gtest.h>

#include <random>

#include "http/uri.hpp"
#include "route/readings.hpp"
#include "unit/route/routes.hpp"

namespace weir::route {
namespace {

constexpr const char* pieces[] = {"a", "b",  "admin", "%2F",    "%2f", "/",       "/",
                                  "/", "..", ".",     "%2e%2e", "%61", "x%C3%A9", "//"};

std::string random_path(std::mt19937& random) {
  std::string path = "/";
  for (unsigned count = random() % 8; count > 0; --count) path += pieces[random() % std::size(pieces)];
  return path;
}

std::vector<config::Route> random_routes(std::mt19937& random) {
  std::vector<config::Route> routes;
  for (unsigned count = 1 + random() % 5; count > 0; --count) {
    std::string normal;
    if (!http::normalise_path(random_path(random), normal) || http::has_encoded_slash(normal)) continue;
    routes.push_back(route({}, random() % 2 == 0 ? prefix(normal) : exact(normal)));
  }
  return routes;
}

TEST(ReadingsProperty, NothingIsJudgedUnderOneReadingAndServedUnderTheOther) {
  std::mt19937 random(20261129);
  std::size_t passed = 0, refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const RouteTable table(random_routes(random));
    const std::string path = random_path(random);
    std::string judged, resolved, decoded, other;
    if (!http::normalise_path(path, judged)) continue;
    const auto found = find_for_all_readings(table, get("", judged), decoded);
    std::string_view sent;
    ASSERT_TRUE(choose_sent_path(config::PathForm::normalised, path, judged, resolved, sent));
    std::string sent_judged;
    ASSERT_TRUE(http::normalise_path(sent, sent_judged));
    ASSERT_EQ(sent_judged, judged) << path;
    if (!found) {
      ++refused;
      continue;
    }
    if (!http::has_encoded_slash(judged)) continue;
    ++passed;
    // What a reader that decodes what it gets, and then resolves it, would have been judged as.
    ASSERT_TRUE(http::decode_slashes(sent_judged, other)) << path;
    ASSERT_EQ(table.find(get("", other)), *found) << path;
    ASSERT_EQ(key_path(judged, decoded), other) << path;
  }
  EXPECT_GT(passed, 500U);
  EXPECT_GT(refused, 500U);
}

}  // namespace
}  // namespace weir::route
