// How many CPUs this process may really use. Control thread.
#pragma once

#include <string>

namespace weir::control {

/// The CPUs of the process's affinity mask (cpuset), at most as many as its cgroup's CPU quota pays for (v2
/// cpu.max, v1 cfs quota), at least 1. `cgroup_root` is /sys/fs/cgroup but in tests.
unsigned usable_cpus(const std::string& cgroup_root = "/sys/fs/cgroup");

}  // namespace weir::control
