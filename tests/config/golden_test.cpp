// Golden pairs: NAME.yaml beside NAME.expected.json (what loads, in full) or NAME.errors (everything that is
// wrong, in order). Comment lines at the top of a case set the scene:
//   # layer: OTHER.yaml     loaded on top, from the same folder
//   # env: NAME=value       in the environment
//   # file: PATH=content    another file
// WEIR_UPDATE_GOLDEN=1 in the environment writes what is missing or differs; read the difference before you
// keep it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "config/dump.hpp"
#include "config/world.hpp"

namespace weir::config::testing {
namespace {

namespace fs = std::filesystem;

const fs::path cases_folder = fs::path(WEIR_SOURCE_DIR) / "tests/config";
constexpr std::size_t cases_min = 60;

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

struct Scene {
  World world;
  std::vector<std::string> files;
};

/// `# key: rest` -> rest, when the line is one.
std::optional<std::string> directive(const std::string& line, const std::string& key) {
  const std::string start = "# " + key + ": ";
  if (!line.starts_with(start)) return std::nullopt;
  return line.substr(start.size());
}

void add_pair(std::map<std::string, std::string>& to, const std::string& pair) {
  const auto equals = pair.find('=');
  to[pair.substr(0, equals)] = pair.substr(equals + 1);
}

Scene scene_of(const fs::path& path) {
  Scene scene;
  const std::string text = read(path);
  scene.files = {path.filename().string()};
  scene.world.files[scene.files.front()] = text;
  std::size_t at = 0;
  while (at < text.size() && text[at] == '#') {
    const auto end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (const auto layer = directive(line, "layer")) {
      scene.files.push_back(*layer);
      if (fs::exists(cases_folder / *layer)) scene.world.files[*layer] = read(cases_folder / *layer);
    }
    if (const auto env = directive(line, "env")) add_pair(scene.world.environment, *env);
    if (const auto file = directive(line, "file")) add_pair(scene.world.files, *file);
    at = end + 1;
  }
  return scene;
}

/// Compares with the golden file, or writes it where that was asked for.
void expect_golden(const fs::path& golden, const std::string& actual) {
  if (std::getenv("WEIR_UPDATE_GOLDEN") && read(golden) != actual) {
    std::ofstream(golden, std::ios::binary) << actual;
  }
  EXPECT_EQ(read(golden), actual) << golden;
}

void run_case(const fs::path& path) {
  const Scene scene = scene_of(path);
  const LoadResult result = load(scene.files, scene.world.surroundings());
  fs::path good = path, bad = path;
  good.replace_extension(".expected.json");
  bad.replace_extension(".errors");
  if (const auto* config = std::get_if<Config>(&result)) {
    EXPECT_FALSE(fs::exists(bad)) << "it loads, but " << bad << " expects problems";
    EXPECT_EQ(config->hash.size(), 16U);
    expect_golden(good, dump(*config));
  } else {
    EXPECT_FALSE(fs::exists(good)) << problems_of(result);
    EXPECT_NE(problems_of(result), "");
    expect_golden(bad, problems_of(result));
  }
}

/// Layers are loaded by the case that names them.
bool is_case(const fs::path& path) {
  return path.extension() == ".yaml" && path.stem().extension() != ".layer";
}

TEST(Golden, EveryCaseReadsAsWritten) {
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(cases_folder)) {
    if (!is_case(entry.path())) continue;
    SCOPED_TRACE(entry.path().filename().string());
    run_case(entry.path());
    ++cases;
  }
  EXPECT_GE(cases, cases_min);
}

}  // namespace
}  // namespace weir::config::testing
