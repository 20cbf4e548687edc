// Random route tables and paths: what passes is treated alike under both readings of its encoded slashes, and the
// endpoint gets a path that reads as the one that was judged, rewritten or not, in every form that a listener may have.
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "http/uri.hpp"
#include "route/readings.hpp"
#include "unit/route/routes.hpp"

namespace weir::route {
namespace {

constexpr const char* pieces[] = {"a", "b",  "admin", "%2F",    "%2f", "/",       "/",
                                  "/", "..", ".",     "%2e%2e", "%61", "x%C3%A9", "//"};

constexpr const char* expressions[] = {"/a(/.*)?", "/[^/]*", ".*admin.*", "/.*/b", "(/a|/b)/.*", "/[^%]*"};
constexpr const char* rewrites[] = {"/v2", "/v2/", "/", "/v/w"};
constexpr config::PathForm forms[] = {config::PathForm::normalised, config::PathForm::raw,
                                      config::PathForm::refuse};

std::string random_path(std::mt19937& random) {
  std::string path = "/";
  for (unsigned count = random() % 8; count > 0; --count) path += pieces[random() % std::size(pieces)];
  return path;
}

std::vector<config::Route> random_routes(std::mt19937& random) {
  std::vector<config::Route> routes;
  for (unsigned count = 1 + random() % 5; count > 0; --count) {
    if (random() % 4 == 0) {
      routes.push_back(route({}, expression(expressions[random() % std::size(expressions)])));
      continue;
    }
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

/// Written anew, so that it does not share a mistake: whether a segment is `.` or `..`, each dot encoded or not.
bool has_dot_segment(std::string path) {
  for (const char* dot : {"%2e", "%2E"}) {
    for (std::size_t at = 0; (at = path.find(dot, at)) != path.npos;) path.replace(at, 3, ".");
  }
  path += '/';
  return path.find("/./") != path.npos || path.find("/../") != path.npos;
}

bool has_slash_encoded(const std::string& path) {
  return path.find("%2F") != path.npos || path.find("%2f") != path.npos;
}

/// What a reader makes of `path` that decodes slashes first and resolves dot segments afterwards.
std::optional<std::string> read_decoding_first(std::string path) {
  for (const char* slash : {"%2f", "%2F"}) {
    for (std::size_t at = 0; (at = path.find(slash, at)) != path.npos;) path.replace(at, 3, "/");
  }
  std::string read;
  if (!http::normalise_path(path, read)) return std::nullopt;
  return read;
}

TEST(ReadingsProperty, AListenersFormPassesExactlyWhatReadsAsWhatWasJudged) {
  std::mt19937 random(20261203);
  std::size_t dots_sent = 0, refused = 0, slashes_sent = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string path = random_path(random);
    std::string judged, decoded;
    if (!http::normalise_path(path, judged)) continue;
    const bool dots = has_dot_segment(path), slash = has_slash_encoded(path);
    const bool decodable = http::decode_slashes(judged, decoded).has_value();
    for (const config::PathForm form : forms) {
      std::string resolved;
      std::string_view sent;
      const bool passes = choose_sent_path(form, path, judged, resolved, sent).has_value();
      ASSERT_EQ(passes,
                form == config::PathForm::normalised || !dots || (form == config::PathForm::raw && !slash))
          << path;
      refused += passes ? 0 : 1;
      if (!passes) continue;
      const std::string out(sent);
      if (form != config::PathForm::normalised) {
        ASSERT_EQ(out, path);
      }
      if (form != config::PathForm::raw) {
        ASSERT_FALSE(has_dot_segment(out)) << path;
      }
      if (decodable) {  // no route takes it otherwise
        ASSERT_EQ(read_decoding_first(out), decoded) << path;
      }
      dots_sent += has_dot_segment(out) ? 1 : 0;
      slashes_sent += has_slash_encoded(out) ? 1 : 0;
    }
  }
  EXPECT_GT(dots_sent, 300U);
  EXPECT_GT(slashes_sent, 500U);
  EXPECT_GT(refused, 500U);
}

/// `judged` with `rewrite` in the place of what `match` takes of it, as a reader sees it.
std::string with_prefix_replaced(const config::PathMatch& match, const std::string& judged,
                                 const std::string& rewrite) {
  std::string text = rewrite, read;
  if (match.kind == config::PathMatch::Kind::prefix) {
    const std::size_t slash = match.text.ends_with('/') ? 1 : 0;
    text += judged.substr(match.text.size() - slash);
  }
  EXPECT_TRUE(http::normalise_path(text, read)) << text;
  return read;
}

/// What goes to the endpoint of a path that a listener resolves.
std::string rewritten(const config::PathMatch& match, const std::string& path, const std::string& judged,
                      const std::string& rewrite) {
  std::string resolved, target;
  std::string_view sent;
  EXPECT_TRUE(choose_sent_path(config::PathForm::normalised, path, judged, resolved, sent));
  rewrite_path(match, judged, sent, rewrite, target);
  return target;
}

TEST(ReadingsProperty, ARewriteReplacesWhatMatchedUnderBothReadings) {
  std::mt19937 random(20261204);
  std::size_t all = 0, with_two_readings = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto routes = random_routes(random);
    const RouteTable table(routes);
    const std::string path = random_path(random), rewrite = rewrites[random() % std::size(rewrites)];
    std::string judged, decoded, read, other;
    if (!http::normalise_path(path, judged)) continue;
    const auto found = find_for_all_readings(table, get("", judged), decoded);
    if (!found || *found == no_route) continue;
    const config::PathMatch& match = routes[*found].match.path;
    const std::string target = rewritten(match, path, judged, rewrite);
    ASSERT_TRUE(http::normalise_path(target, read)) << path << " to " << target;
    ASSERT_EQ(read, with_prefix_replaced(match, judged, rewrite)) << path << " to " << target;
    ++all;
    if (decoded.empty()) continue;
    ASSERT_TRUE(http::decode_slashes(read, other)) << path << " to " << target;
    ASSERT_EQ(other, with_prefix_replaced(match, decoded, rewrite)) << path << " to " << target;
    ++with_two_readings;
  }
  EXPECT_GT(all, 2000U);
  EXPECT_GT(with_two_readings, 500U);
}

}  // namespace
}  // namespace weir::route
