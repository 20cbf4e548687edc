#include <gtest/gtest.h>

#include "http/uri.hpp"
#include "route/table.hpp"
#include "unit/route/routes.hpp"

namespace weir::route {
namespace {

struct RewriteCase {
  config::PathMatch match;
  const char* path;
  const char* rewrite;
  const char* sent;
};

class Rewrite : public testing::TestWithParam<RewriteCase> {};

TEST_P(Rewrite, Sends) {
  std::string out = "GET ";
  std::string normalised;
  ASSERT_TRUE(http::normalise_path(GetParam().path, normalised));
  rewrite_path(GetParam().match, normalised, GetParam().path, GetParam().rewrite, out);
  EXPECT_EQ(out, std::string("GET ") + GetParam().sent);
}

INSTANTIATE_TEST_SUITE_P(
    Prefix, Rewrite,
    testing::Values(
        RewriteCase{prefix("/api"), "/api/x/y", "/v1", "/v1/x/y"},
        RewriteCase{prefix("/api"), "/api", "/v1", "/v1"},
        RewriteCase{prefix("/api"), "/api/", "/v1", "/v1/"},
        RewriteCase{prefix("/api"), "/api/x", "/v1/", "/v1/x"},
        RewriteCase{prefix("/api"), "/api", "/v1/", "/v1/"}, RewriteCase{prefix("/api"), "/api/x", "/", "/x"},
        RewriteCase{prefix("/api"), "/api", "/", "/"}, RewriteCase{prefix("/api"), "/api/x", "", "/x"},
        RewriteCase{prefix("/api"), "/api", "", "/"}, RewriteCase{prefix("/api/"), "/api/x", "/v1", "/v1/x"},
        RewriteCase{prefix("/api/"), "/api/x", "/v1/", "/v1/x"},
        RewriteCase{prefix("/api/"), "/api/", "/v1", "/v1/"},
        RewriteCase{prefix("/"), "/x", "/app", "/app/x"}, RewriteCase{prefix("/"), "/", "/app", "/app/"},
        RewriteCase{prefix("/"), "/x", "/", "/x"}, RewriteCase{prefix("/a/b"), "/a/b/c/", "/z", "/z/c/"},
        // Only the prefix is replaced.
        RewriteCase{prefix("/rw"), "/rw//double//", "/v2", "/v2//double//"},
        RewriteCase{prefix("/rw"), "/rw/ws://h:1/p", "/v2", "/v2/ws://h:1/p"},
        RewriteCase{prefix("/rw"), "/rw/caf%c3%a9", "/v2", "/v2/caf%c3%a9"},
        RewriteCase{prefix("/rw"), "/rw/%7Etilde", "/v2", "/v2/%7Etilde"},
        RewriteCase{prefix("/rw"), "/%72%77/x", "/v2", "/v2/x"},
        RewriteCase{prefix("/rw"), "//rw/x", "/v2", "/v2/x"},
        RewriteCase{prefix("/a/b"), "/a///b/x", "/v2", "/v2/x"},
        RewriteCase{prefix("/caf%C3%A9"), "/caf%c3%a9/x", "/v2", "/v2/x"}));

INSTANTIATE_TEST_SUITE_P(Whole, Rewrite,
                         testing::Values(RewriteCase{exact("/health"), "/health", "/api/v1/health",
                                                     "/api/v1/health"},
                                         RewriteCase{exact("/health"), "/health", "", "/"},
                                         RewriteCase{expression("/v[0-9]/.*"), "/v2/x", "/new", "/new"}));

}  // namespace
}  // namespace weir::route
