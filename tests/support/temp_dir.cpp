#include "support/temp_dir.hpp"

#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <system_error>

#include "support/deadline.hpp"

namespace weir::testing {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw TestFailure("no temporary directory " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(const std::string& name, std::string_view content) const {
  const std::filesystem::path target = path_ / name;
  std::filesystem::create_directories(target.parent_path());
  const std::filesystem::path fresh = target.string() + ".new";
  std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  stream.close();
  if (!stream) throw TestFailure("cannot write " + fresh.string());
  std::filesystem::rename(fresh, target);  // a reader sees the old or the new, never half
  return target.string();
}

std::string TempDir::read(const std::string& name) const {
  std::ifstream stream(path_ / name, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace weir::testing
