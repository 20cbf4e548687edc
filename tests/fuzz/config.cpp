// config::load over arbitrary YAML: no crash, and either a configuration or at least one problem, each with a
// place, a problem and a remedy. A configuration can be shown, and loads again to the same hash. What follows
// a NUL is a second layer.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/dump.hpp"
#include "config/load.hpp"

namespace {

using weir::config::Config;
using weir::config::FileError;
using weir::config::LoadResult;
using weir::config::Problem;

void require(bool holds) {
  if (!holds) std::abort();
}

weir::config::Surroundings surroundings_with(std::string_view first, std::string_view second) {
  weir::config::Surroundings out;
  out.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SET") return "value";
    return std::nullopt;
  };
  out.environment_all = [] {
    return std::vector<std::pair<std::string, std::string>>{{"WEIR__SERVER__MAX_CONNECTIONS", "9"}};
  };
  out.read_file = [first, second](const std::string& path) -> std::variant<std::string, FileError> {
    if (path == "first") return std::string(first);
    if (path == "second") return std::string(second);
    return FileError{"no such file", true};
  };
  out.check_certificate = [](const auto&) -> std::optional<std::string> { return std::nullopt; };
  out.check_ca = [](const auto&) -> std::optional<std::string> { return std::nullopt; };
  return out;
}

void check_problems(const std::vector<Problem>& problems) {
  require(!problems.empty() && problems.size() <= weir::config::problems_max + 1);
  for (const Problem& problem : problems) {
    require(!problem.file.empty() && problem.line >= 1 && problem.column >= 1);
    require(!problem.problem.empty() && !problem.remedy.empty());
    require(problem.to_string().find('\n') == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto cut = bytes.find('\0');
  std::vector<std::string> files{"first"};
  if (cut != bytes.npos) files.emplace_back("second");
  const auto surroundings =
      surroundings_with(bytes.substr(0, cut), cut == bytes.npos ? "" : bytes.substr(cut + 1));
  const LoadResult result = weir::config::load(files, surroundings);
  if (const auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    check_problems(*problems);
    return 0;
  }
  const Config& config = std::get<Config>(result);
  require(!config.listeners.empty() && !config.upstreams.empty() && !config.routes.empty());
  require(!weir::config::dump(config).empty());
  const LoadResult again = weir::config::load(files, surroundings);
  require(std::holds_alternative<Config>(again) && std::get<Config>(again).hash == config.hash);
  return 0;
}
