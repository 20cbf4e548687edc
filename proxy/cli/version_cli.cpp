#include "cli/version_cli.hpp"

#include <ares.h>
#include <curses.h>
#include <fmt/format.h>
#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>
#include <spdlog/version.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <boost/version.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/supervisor.hpp"
#include "core/version.hpp"
#include "tls/groups.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

struct Library {
  std::string_view name;
  std::string version;
};

/// Of those that come as shared libraries and say it, the version that is loaded; of the others, what was compiled in.
/// re2, yaml-cpp and prometheus-cpp say none.
std::vector<Library> libraries() {
  return {
      {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
      {"nghttp2", nghttp2_version(0)->version_str},
      {"c-ares", ares_version(nullptr)},
      {"boost",
       fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
      {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"spdlog", fmt::format("{}.{}.{}", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)},
      {"cli11", CLI11_VERSION},
      {"ncurses", NCURSES_VERSION},
  };
}

std::string_view compiler() {
#if defined(__clang__)
  return __VERSION__;  // begins with the vendor and "Clang"
#else
  return "GCC " __VERSION__;
#endif
}

std::string_view sanitizers() {
#if defined(__SANITIZE_ADDRESS__)
  return "address";
#elif defined(__SANITIZE_THREAD__)
  return "thread";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  return "address";
#elif __has_feature(thread_sanitizer)
  return "thread";
#else
  return "none";
#endif
#else
  return "none";
#endif
}

void print_json(bool verbose) {
  json::object facts{{"version", version()}, {"commit", commit()}};
  if (verbose) {
    facts["compiler"] = compiler();
    facts["sanitizers"] = sanitizers();
    json::object versions;
    for (const Library& library : libraries()) versions[library.name] = library.version;
    facts["libraries"] = std::move(versions);
    facts["tls_groups"] = json::value_from(tls::group_names());
  }
  std::cout << json::serialize(facts) << '\n';
}

void print_text(bool verbose) {
  std::cout << "weir " << version() << " (" << commit() << ")\n";
  if (!verbose) return;
  std::cout << "compiler: " << compiler() << "\nsanitizers: " << sanitizers() << "\nlibraries:";
  for (const Library& library : libraries()) std::cout << ' ' << library.name << ' ' << library.version;
  std::cout << "\ntls groups:";
  for (const std::string& group : tls::group_names()) std::cout << ' ' << group;
  std::cout << '\n';
}

}  // namespace

void add_version_command(CLI::App& app, int& code) {
  struct Options {
    bool json = false, verbose = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("version", "Print the version");
  command.add_flag("--json", options->json, "Print JSON for programs");
  command.add_flag("-v,--verbose", options->verbose,
                   "Compiler, libraries and the TLS groups that they offer, too");
  command.callback([options, &code] {
    (options->json ? print_json : print_text)(options->verbose);
    code = exit_ok;
  });
}

}  // namespace weir::control
