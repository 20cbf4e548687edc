// A file includes only its own layer or a lower one, and outside libraries only where they have a home.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/expect.hpp"
#include "tidy/source.hpp"

namespace weir::tidy {
namespace {

struct Layer {
  std::string_view folder;
  int level;
};
constexpr std::array layers = {
    Layer{"core", 0},    Layer{"http", 1},     Layer{"http1", 1},   Layer{"http2", 1},    Layer{"grpc", 1},
    Layer{"config", 1},  Layer{"route", 2},    Layer{"balance", 2}, Layer{"health", 2},   Layer{"limit", 2},
    Layer{"split", 2},   Layer{"upstream", 2}, Layer{"rollout", 2}, Layer{"simulate", 2}, Layer{"io", 3},
    Layer{"listen", 3},  Layer{"tls", 3},      Layer{"relay", 3},   Layer{"observe", 3},  Layer{"server", 4},
    Layer{"names", 5},   Layer{"explain", 5},  Layer{"replay", 5},  Layer{"admin", 5},    Layer{"top", 5},
    Layer{"control", 6}, Layer{"cli", 7},
};
/// Folders of one layer that do not include each other, in either direction.
struct Apart {
  std::string_view one;
  std::string_view other;
  std::string_view reason;
};
constexpr std::array apart = {Apart{"http1", "http2", "what the versions of HTTP share is in http"}};
constexpr int main_level = 7;  // proxy/main.cpp
constexpr int pure_level =
    2;  // up to here: functions over state, no sockets, no libraries that do input or output

/// An outside header, by prefix, and the only places that may include it.
struct Home {
  std::string_view include;
  std::vector<std::string_view> paths;  // prefixes
  std::string_view reason;
};

const std::vector<Home>& homes() {
  static const std::vector<Home> table = {
      {"boost/asio",
       {"proxy/names/", "proxy/admin/", "proxy/control/", "proxy/cli/", "bench/", "tests/"},
       "the event loop is io/reactor"},
      {"boost/beast",
       {"proxy/http/", "proxy/admin/", "proxy/cli/", "bench/", "tests/"},
       "field names in http, HTTP of the admin address"},
      {"re2/", {"proxy/core/regex.cpp"}, "expressions go through core/regex.hpp"},
      {"yaml-cpp/", {"proxy/config/yaml.cpp"}, "one file turns YAML into raw values"},
      {"openssl/sha.h", {"proxy/config/", "proxy/tls/", "proxy/io/", "bench/", "tests/"}, "digests"},
      {"openssl/evp.h", {"proxy/config/", "proxy/tls/", "proxy/io/", "bench/", "tests/"}, "digests"},
      {"openssl/", {"proxy/tls/", "proxy/io/", "bench/", "tests/"}, "TLS is made in tls and moved in io"},
      {"spdlog/", {"proxy/observe/"}, "all others log through observe/log.hpp"},
      {"prometheus/", {"proxy/observe/"}, "metrics are exposed by observe"},
      {"nghttp2/",
       {"proxy/http2/hpack_decoder.cpp", "bench/", "tests/"},
       "frames are our own; HPACK is decoded by http2/hpack_decoder.hpp"},
      {"curses.h", {"proxy/top/screen.cpp"}, "one file paints"},
      {"ares.h", {"proxy/names/", "tests/"}, "names are looked up in names"},
      {"CLI/", {"proxy/cli/", "bench/"}, "arguments are parsed in cli"},
      {"boost/json",
       {"proxy/observe/", "proxy/server/", "proxy/admin/", "proxy/explain/", "proxy/replay/", "proxy/top/",
        "proxy/control/", "proxy/cli/", "bench/", "tests/"},
       "JSON leaves at the edge"},
      {"iostream",
       {"proxy/control/", "proxy/cli/", "proxy/main.cpp", "bench/", "tests/"},
       "the log is observe/log.hpp"},
      {"regex", {"tests/"}, "std::regex recurses once a character: use core/regex.hpp"},
      {"gtest/", {"tests/"}, "tests only"},
      {"gmock/", {"tests/"}, "tests only"},
  };
  return table;
}

/// What makes a pure layer impure, wherever it is below io.
constexpr std::array<std::string_view, 8> system_input_output = {
    "sys/socket.h", "sys/epoll.h", "sys/eventfd.h", "sys/timerfd.h",
    "netinet/",     "arpa/",       "netdb.h",       "unistd.h"};
/// Address conversion needs the kernel's structures and calls nothing that blocks; the configuration's
/// surroundings are the real environment and files.
constexpr std::array<std::string_view, 3> system_exceptions = {"proxy/core/ip.hpp", "proxy/core/ip.cpp",
                                                               "proxy/config/surroundings.cpp"};

std::optional<int> level_of(std::string_view folder) {
  for (const Layer& layer : layers) {
    if (layer.folder == folder) return layer.level;
  }
  return std::nullopt;
}

struct Include {
  std::string name;
  bool quoted;
  int line;
};

std::vector<Include> includes(const SourceFile& file) {
  std::vector<Include> found;
  int line = 0;
  for (const std::string& text : split_lines(file.text)) {
    ++line;
    if (!text.starts_with("#include ") || text.size() < 12) continue;
    const bool quoted = text[9] == '"';
    const std::size_t end = text.find(quoted ? '"' : '>', 10);
    found.push_back({text.substr(10, end - 10), quoted, line});
  }
  return found;
}

std::vector<Finding> upward_includes(const SourceFile& file) {
  if (!file.is_below("proxy/")) return {};
  const std::string folder = file.folder();
  const auto own = folder.empty() ? std::optional<int>(main_level) : level_of(folder);
  if (!own) return {{file.path, 1, "folder without a layer: give it one here and in ARCHITECTURE.md"}};
  std::vector<Finding> findings;
  for (const Include& include : includes(file)) {
    if (!include.quoted) continue;
    const std::string target = include.name.substr(0, include.name.find('/'));
    const auto level = level_of(target);
    if (!level) {
      findings.push_back(
          {file.path, include.line, "include '" + include.name + "' is not folder/file of proxy/"});
    } else if (*level > *own) {
      findings.push_back({file.path, include.line,
                          "layer " + std::to_string(*own) + " includes layer " + std::to_string(*level) +
                              ": " + include.name});
    }
  }
  return findings;
}

std::vector<Finding> includes_of_siblings(const SourceFile& file) {
  if (!file.is_below("proxy/")) return {};
  std::vector<Finding> findings;
  for (const Include& include : includes(file)) {
    if (!include.quoted) continue;
    const std::string target = include.name.substr(0, include.name.find('/'));
    for (const Apart& pair : apart) {
      const bool there = file.folder() == pair.one && target == pair.other;
      const bool back = file.folder() == pair.other && target == pair.one;
      if (!there && !back) continue;
      findings.push_back({file.path, include.line,
                          file.folder() + " includes " + include.name + ": " + std::string(pair.reason)});
    }
  }
  return findings;
}

/// Asks each library for its version, and nothing else.
constexpr std::string_view versions_file = "proxy/cli/version_cli.cpp";

std::vector<Finding> homeless_includes(const SourceFile& file) {
  if (file.path == versions_file) return {};
  std::vector<Finding> findings;
  for (const Include& include : includes(file)) {
    if (include.quoted) continue;
    for (const Home& home : homes()) {
      const bool exact = home.include.find('/') == std::string_view::npos;
      if (exact ? include.name != home.include : !include.name.starts_with(home.include)) continue;
      bool allowed = false;
      for (const std::string_view path : home.paths) allowed = allowed || file.is_below(path);
      if (!allowed) {
        findings.push_back(
            {file.path, include.line, "<" + include.name + "> here: " + std::string(home.reason)});
      }
      break;
    }
  }
  return findings;
}

std::vector<Finding> impure_includes(const SourceFile& file) {
  const auto level = level_of(file.folder());
  if (!level || *level > pure_level) return {};
  for (const std::string_view exception : system_exceptions) {
    if (file.path == exception) return {};
  }
  std::vector<Finding> findings;
  for (const Include& include : includes(file)) {
    for (const std::string_view prefix : system_input_output) {
      if (!include.name.starts_with(prefix)) continue;
      findings.push_back(
          {file.path, include.line, "<" + include.name + "> in a pure layer: move it to io or above"});
    }
  }
  return findings;
}

TEST(LayerRule, FindsUpwardIncludes) {
  const auto found = [](const std::string& path, const std::string& header) {
    return report(upward_includes(make_source(path, "#include \"" + header + "\"\n")));
  };
  EXPECT_THAT(found("proxy/http/a.cpp", "io/reactor.hpp"), testing::HasSubstr("layer 1 includes layer 3"));
  EXPECT_THAT(found("proxy/balance/a.hpp", "server/worker.hpp"), testing::HasSubstr("a.hpp:1: layer 2"));
  EXPECT_THAT(found("proxy/http/a.cpp", "a.hpp"), testing::HasSubstr("is not folder/file"));
  EXPECT_THAT(found("proxy/novel/a.cpp", "core/ip.hpp"), testing::HasSubstr("folder without a layer"));
  EXPECT_EQ(found("proxy/http/a.cpp", "config/model.hpp"), "");
  EXPECT_EQ(found("proxy/server/a.cpp", "core/ip.hpp"), "");
  EXPECT_EQ(found("proxy/main.cpp", "cli/cli.hpp"), "");
}

TEST(LayerRule, FindsVersionsOfHttpThatIncludeEachOther) {
  const auto found = [](const std::string& path, const std::string& header) {
    return report(includes_of_siblings(make_source(path, "#include \"" + header + "\"\n")));
  };
  EXPECT_THAT(found("proxy/http2/a.cpp", "http1/parse.hpp"), testing::HasSubstr("a.cpp:1: http2 includes"));
  EXPECT_THAT(found("proxy/http1/a.hpp", "http2/frame.hpp"), testing::HasSubstr("is in http"));
  EXPECT_EQ(found("proxy/http2/a.cpp", "http/head.hpp"), "");
  EXPECT_EQ(found("proxy/http1/a.cpp", "http1/parse.hpp"), "");
  EXPECT_EQ(found("proxy/server/a.cpp", "http1/parse.hpp"), "");
}

TEST(LayerRule, FindsLibrariesAwayFromHome) {
  const auto found = [](const std::string& path, const std::string& header) {
    return report(homeless_includes(make_source(path, "#include <" + header + ">\n")));
  };
  EXPECT_THAT(found("proxy/server/a.cpp", "boost/asio/io_context.hpp"), testing::HasSubstr("event loop"));
  EXPECT_THAT(found("proxy/route/a.cpp", "openssl/ssl.h"), testing::HasSubstr("openssl/ssl.h"));
  EXPECT_THAT(found("proxy/config/a.cpp", "openssl/ssl.h"), testing::HasSubstr("openssl/ssl.h"));
  EXPECT_THAT(found("proxy/config/load.cpp", "yaml-cpp/yaml.h"), testing::HasSubstr("one file"));
  EXPECT_THAT(found("proxy/route/a.cpp", "re2/re2.h"), testing::HasSubstr("core/regex.hpp"));
  EXPECT_THAT(found("proxy/route/a.cpp", "regex"), testing::HasSubstr("core/regex.hpp"));
  EXPECT_THAT(found("proxy/http2/a.cpp", "nghttp2/nghttp2.h"), testing::HasSubstr("hpack_decoder"));
  EXPECT_EQ(found("proxy/config/a.cpp", "openssl/evp.h"), "");
  EXPECT_EQ(found("proxy/tls/a.cpp", "openssl/ssl.h"), "");
}

TEST(LayerRule, FindsSocketsInPureLayers) {
  const auto found = [](const std::string& path) {
    return report(impure_includes(make_source(path, "#include <sys/socket.h>\n")));
  };
  EXPECT_THAT(found("proxy/upstream/a.cpp"), testing::HasSubstr("pure layer"));
  EXPECT_EQ(found("proxy/core/ip.hpp"), "");
  EXPECT_EQ(found("proxy/io/a.cpp"), "");
}

TEST(Tidy, LayersIncludeDownwards) {
  EXPECT_TRUE(is_clean(over_cpp_files(upward_includes)));
}
TEST(Tidy, VersionsOfHttpStayApart) {
  EXPECT_TRUE(is_clean(over_cpp_files(includes_of_siblings)));
}
TEST(Tidy, LibrariesStayAtHome) {
  EXPECT_TRUE(is_clean(over_cpp_files(homeless_includes)));
}
TEST(Tidy, PureLayersArePure) {
  EXPECT_TRUE(is_clean(over_cpp_files(impure_includes)));
}

TEST(Tidy, ArchitectureNamesEveryFolder) {
  const std::string text = read_file("ARCHITECTURE.md");
  std::set<std::string> folders;
  for (const SourceFile& file : cpp_files()) {
    if (!file.folder().empty()) folders.insert(file.folder());
  }
  for (const std::string& folder : folders) EXPECT_THAT(text, testing::HasSubstr(folder)) << folder;
}

}  // namespace
}  // namespace weir::tidy
