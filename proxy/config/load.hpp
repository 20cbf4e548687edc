// YAML files -> merged -> substituted -> validated Config, or the exact list of everything that is wrong.
// The only exception-prone part (yaml-cpp) is inside yaml.cpp. Blocking file reads: the control thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/model.hpp"

namespace weir::config {

/// One problem: `file:line:col: path: problem; remedy`. Lines and columns count from 1.
struct Problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string path;     // e.g. upstreams.blue.endpoints[1].weight
  std::string problem;  // what is wrong
  std::string remedy;   // what would be right
  std::string to_string() const;
};

/// What loading needs from outside, so that tests pass their own. All members must be set.
struct Surroundings {
  /// Value of an environment variable, or nothing.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  /// Every variable name=value (for WEIR__ overrides).
  std::function<std::vector<std::pair<std::string, std::string>>()> environment_all;
  /// Whole file, or an error text.
  std::function<std::variant<std::string, struct FileError>(const std::string& path)> read_file;
  /// Nothing when certificate and key load and belong together; otherwise what is wrong.
  std::function<std::optional<std::string>(const CertificatePair&)> check_certificate;
  /// Nothing when the PEM bundle holds at least one usable CA certificate; otherwise what is wrong.
  std::function<std::optional<std::string>(const std::string& path)> check_ca;
  /// Nothing when a log can be appended to the file `path`, or made where it is not there; otherwise what is wrong.
  std::function<std::optional<std::string>(const std::string& path)> check_output =
      [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  /// Names of the key exchange groups that the TLS library has (tls/groups.hpp).
  std::vector<std::string> tls_groups = {};
};

struct FileError {
  std::string text;     // e.g. "no such file"
  bool absent = false;  // there is no such file, as opposed to one that cannot be read
};

/// The process's real environment and files; certificate checks from the caller (tls/check.hpp).
Surroundings real_surroundings(
    std::function<std::optional<std::string>(const CertificatePair&)> check_certificate,
    std::function<std::optional<std::string>(const std::string&)> check_ca,
    std::vector<std::string> tls_groups = {});

inline constexpr std::size_t problems_max = 500;  // further ones are counted in one last problem

using LoadResult = std::variant<Config, std::vector<Problem>>;

/// Loads and merges `files` in order (later wins, maps merge deeply, lists replace), substitutes ${NAME} and
/// ${NAME:-default}, applies WEIR__A__B overrides, validates all of it. Never throws.
LoadResult load(const std::vector<std::string>& files, const Surroundings& surroundings);

/// The files of `weir run` without -c: config/weir.yaml, then config/$WEIR_ENV.yaml beside it where it
/// exists.
std::vector<std::string> default_files(const Surroundings& surroundings);

}  // namespace weir::config
