#include "control/memory_limit.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string_view>

namespace weir::control {
namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t sane_max = 1ULL << 60;  // v1 writes "none" as a number near 2^63

std::uint64_t limit_in(const std::string& file) {
  std::ifstream stream(file);
  std::uint64_t bytes = 0;  // "max" is no number
  if (!(stream >> bytes) || bytes == 0 || bytes > sane_max) return unlimited;
  return bytes;
}

/// The lowest limit on the way from `path` (such as /a/b) up to the root. In a container the path may be the host's
/// and not be there: the root is, then, its own.
std::uint64_t lowest_limit(const std::string& root, std::string path, const std::string& file) {
  std::uint64_t lowest = limit_in(root + "/" + file);
  while (path.size() > 1) {
    lowest = std::min(lowest, limit_in(root + path + "/" + file));
    path.resize(path.rfind('/'));
  }
  return lowest;
}

/// Whether `memory` is one of the comma-separated controllers.
bool names_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t end = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, end) == "memory") return true;
    controllers.remove_prefix(std::min(end + 1, controllers.size()));
  }
  return false;
}

}  // namespace

std::uint64_t memory_limit(const std::string& cgroup_root, const std::string& own_cgroups) {
  std::ifstream stream(own_cgroups);
  std::uint64_t lowest = unlimited;
  for (std::string line; std::getline(stream, line);) {  // hierarchy:controllers:/path
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos || second + 1 >= line.size() || line[second + 1] != '/') continue;
    const std::string path = line.substr(second + 1);
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (controllers.empty()) lowest = std::min(lowest, lowest_limit(cgroup_root, path, "memory.max"));
    if (names_memory(controllers)) {
      lowest = std::min(lowest, lowest_limit(cgroup_root + "/memory", path, "memory.limit_in_bytes"));
    }
  }
  return lowest == unlimited ? 0 : lowest;
}

}  // namespace weir::control
