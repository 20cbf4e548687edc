// Which directory entries decide what a path leads to: the file itself, and every symbolic link on the way to it. A
// change of any of them (a rename over it, a link that is made to point elsewhere) may change what is read. Reads the
// file system; control thread.
#pragma once

#include <set>
#include <string>
#include <utility>

namespace weir::control {

inline constexpr int links_followed_max = 40;  // as the kernel

/// Directory (absolute, without links) and the name in it.
using WatchPoint = std::pair<std::string, std::string>;

/// Where something on the way is missing, the last point is its name in the last directory that exists.
std::set<WatchPoint> watch_points(const std::string& path);

}  // namespace weir::control
