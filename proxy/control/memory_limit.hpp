// How much memory this process may use before the kernel kills it. Control thread.
#pragma once

#include <cstdint>
#include <string>

namespace weir::control {

/// The lowest memory limit of the process's cgroup and those above it (v2 memory.max, v1 memory.limit_in_bytes), in
/// bytes; 0: none. The arguments are other than these only in tests.
std::uint64_t memory_limit(const std::string& cgroup_root = "/sys/fs/cgroup",
                           const std::string& own_cgroups = "/proc/self/cgroup");

}  // namespace weir::control
