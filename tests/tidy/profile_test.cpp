// The profile that release builds are optimised by still fits the code. A function that was renamed, or whose
// arguments changed, is another function to the compiler: it would be built as if nobody had ever called it, and
// nothing but a slower Weir would tell.
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

constexpr const char* profile_path = "deploy/weir.profdata";

/// What every request runs through, or every connection.
constexpr std::array hot_functions = {
    "weir::io::Reactor::turn",
    "weir::io::Stream::try_read",
    "weir::io::Stream::try_write",
    "weir::server::Session::serve_request",
    "weir::server::Session::read_head",
    "weir::http::parse_request_head",
    "weir::http::scan_head",
    "weir::http::tokenize_fields",
    "weir::http::normalise_host",
    "weir::server::Exchange::walk",
    "weir::server::Exchange::find_route",
    "weir::route::RouteTable::find",
    "weir::server::Exchange::forward",
    "weir::balance::acquire",
    "weir::server::Exchange::attempt",
    "weir::http::write_request_head",
    "weir::http::parse_response_head",
    "weir::http::write_response_head",
    "weir::relay::relay_body",
    "weir::server::Exchange::finish",
    "weir::limit::take_all",
    "weir::server::Worker::accepted",
    "weir::server::Session::accept_tls",
};

std::set<std::string> functions_of(const std::string& shown) {
  std::set<std::string> names;
  for (const std::string& line : split_lines(shown)) {
    if (line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':')) {
      names.insert(line.substr(2, line.size() - 3));
    }
  }
  return names;
}

/// Of each function of the binary its mangled name and its readable one. Not the compiler's parts of functions
/// (`f.resume`), which no profile names.
std::vector<std::pair<std::string, std::string>> symbols_of(const std::string& binary) {
  const std::string nm = "llvm-nm-16 --defined-only --format=just-symbols ";
  const auto mangled = split_lines(run(nm + binary).output);
  const auto readable = split_lines(run(nm + "--demangle " + binary).output);
  std::vector<std::pair<std::string, std::string>> symbols;
  for (std::size_t i = 0; i < mangled.size() && i < readable.size(); ++i) {
    if (mangled[i].find('.') == std::string::npos) symbols.emplace_back(mangled[i], readable[i]);
  }
  return symbols;
}

TEST(Tidy, ProfileKnowsTheRequestPath) {
  const Outcome shown =
      run(std::string("llvm-profdata-16 show --all-functions " WEIR_SOURCE_DIR "/") + profile_path);
  ASSERT_EQ(shown.status, 0) << shown.output << "\nbench/train makes it; llvm-profdata-16 is of llvm-16";
  const std::set<std::string> known = functions_of(shown.output);
  const auto symbols = symbols_of(WEIR_BINARY_DIR "/weir");
  for (const std::string name : hot_functions) {
    bool exists = false;
    for (const auto& [mangled, readable] : symbols) {
      if (!readable.starts_with(name + "(") && !readable.starts_with(name + "[abi:")) continue;
      exists = true;
      EXPECT_TRUE(known.contains(mangled)) << readable << " is not in " << profile_path << ": bench/train";
    }
    EXPECT_TRUE(exists) << name << " is no function of weir: this list names it";
  }
}

/// Or it would be of use in that folder only.
TEST(Tidy, ProfileNamesNoFolder) {
  const Outcome shown =
      run(std::string("llvm-profdata-16 show --all-functions " WEIR_SOURCE_DIR "/") + profile_path);
  for (const std::string& name : functions_of(shown.output)) {
    EXPECT_EQ(name.find('/'), std::string::npos)
        << name << ": cmake/profile.cmake says how names become short";
  }
}

}  // namespace
}  // namespace weir::tidy
