#include "control/watch_points.hpp"

#include <deque>
#include <filesystem>
#include <system_error>

namespace weir::control {
namespace {

namespace fs = std::filesystem;

/// The components of `path` in front of what is left to walk.
void put_in_front(std::deque<fs::path>& left, const fs::path& path) {
  std::deque<fs::path> components;
  for (const fs::path& component : path.relative_path()) {
    if (!component.empty() && component != ".") components.push_back(component);
  }
  left.insert(left.begin(), components.begin(), components.end());
}

}  // namespace

std::set<WatchPoint> watch_points(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  std::set<WatchPoint> points;
  if (error) return points;
  fs::path at = "/";
  std::deque<fs::path> left;
  put_in_front(left, absolute);
  for (int links = 0; !left.empty() && links <= links_followed_max;) {
    const fs::path name = left.front();
    left.pop_front();
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    const fs::file_status status = fs::symlink_status(at / name, error);
    const bool is_link = fs::is_symlink(status);
    if (is_link || left.empty() || !fs::exists(status)) points.emplace(at.string(), name.string());
    if (!fs::exists(status)) break;
    if (!is_link) {
      at /= name;
      continue;
    }
    ++links;
    const fs::path target = fs::read_symlink(at / name, error);
    if (error) break;
    if (target.is_absolute()) at = "/";
    put_in_front(left, target);
  }
  return points;
}

}  // namespace weir::control
