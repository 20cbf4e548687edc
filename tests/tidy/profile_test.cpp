// The profile that release builds are optimised by still fits the code. A function that was renamed, or whose
// arguments changed, is another function to the compiler: it would be built as if it had never been called, and
// only a slower Weir would show it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidy/expect.hpp"
#include "tidy/process.hpp"
#include "tidy/source.hpp"

namespace weir::tidy {
namespace {

/// What every request runs through, or every connection.
constexpr std::array hot_functions = {
    "weir::io::Reactor::turn",
    "weir::io::Stream::try_read",
    "weir::io::Stream::try_write",
    "weir::server::Session::serve_request",
    "weir::server::Session::live",
    "weir::http1::parse_request_head",
    "weir::http1::scan_head",
    "weir::http1::tokenize_fields",
    "weir::http::normalise_host",
    "weir::server::Exchange::walk",
    "weir::server::Decider::find_route",
    "weir::route::RouteTable::find",
    "weir::server::Tries::forward",
    "weir::balance::acquire",
    "weir::server::Attempt::run",
    "weir::http1::write_request_head",
    "weir::http1::parse_response_head",
    "weir::http1::write_response_head",
    "weir::relay::relay_body",
    "weir::relay::Http1Source::take",
    "weir::relay::Http1Sink::try_write",
    "weir::server::Exchange::finish",
    "weir::limit::take_all",
    "weir::server::Worker::accepted",
    "weir::server::Session::accept_tls",
    "weir::http2::Codec::receive",
    "weir::http2::read_request",
    "weir::http2::write_response_block",
    "weir::server::Http2Link::flush",
    "weir::http2::write_request_block",
    "weir::http2::read_response",
};

/// The functions that the profile counted, by their mangled names.
std::set<std::string> profiled_functions() {
  const Outcome shown =
      run("cd " WEIR_SOURCE_DIR
          " && \"$(deploy/packages.sh --llvm)/bin/llvm-profdata\" show --all-functions deploy/weir.profdata");
  EXPECT_EQ(shown.status, 0) << shown.output << "\nbench/train makes it";
  std::set<std::string> names;
  for (const std::string& line : split_lines(shown.output)) {
    const bool is_name = line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':');
    if (is_name) names.insert(line.substr(2, line.size() - 3));
  }
  return names;
}

/// Of each function of weir its mangled name and its readable one; without what the compiler cut out of a coroutine
/// (`f.resume`) and what is local to a function (`_ZZ`).
std::vector<std::pair<std::string, std::string>> functions_of_weir() {
  const std::string nm =
      "\"$(" WEIR_SOURCE_DIR
      "/deploy/packages.sh --llvm)/bin/llvm-nm\" --defined-only --format=just-symbols " WEIR_BINARY_DIR
      "/weir";
  const auto mangled = split_lines(run(nm).output);
  const auto readable = split_lines(run(nm + " --demangle").output);
  EXPECT_EQ(mangled.size(), readable.size());
  std::vector<std::pair<std::string, std::string>> functions;
  for (std::size_t i = 0; i < mangled.size() && i < readable.size(); ++i) {
    const bool whole = mangled[i].find('.') == std::string::npos && !mangled[i].starts_with("_ZZ");
    if (whole) functions.emplace_back(mangled[i], readable[i]);
  }
  return functions;
}

TEST(Tidy, ProfileHasTheRequestPath) {
  const std::set<std::string> profiled = profiled_functions();
  const auto functions = functions_of_weir();
  for (const std::string name : hot_functions) {
    bool found = false;
    for (const auto& [mangled, readable] : functions) {
      if (!readable.starts_with(name + "(")) continue;
      found = true;
      EXPECT_TRUE(profiled.contains(mangled)) << readable << " is not in deploy/weir.profdata: bench/train";
    }
    EXPECT_TRUE(found) << name << " is no function of weir: the list above names it";
  }
}

/// Or it would fit no other folder.
TEST(Tidy, ProfileNamesNoFolder) {
  for (const std::string& name : profiled_functions()) {
    EXPECT_EQ(name.find('/'), std::string::npos)
        << name << ": cmake/profile.cmake has the flag that shortens names";
  }
}

}  // namespace
}  // namespace weir::tidy
