#include "control/cpu_count.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>

namespace weir::control {
namespace {

std::optional<double> quota_v2(const std::string& root) {
  std::ifstream file(root + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return std::nullopt;
  return std::strtod(quota.c_str(), nullptr) / period;
}

std::optional<double> quota_v1(const std::string& root) {
  std::ifstream quota_file(root + "/cpu/cpu.cfs_quota_us"), period_file(root + "/cpu/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

}  // namespace

unsigned usable_cpus(const std::string& cgroup_root) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  unsigned cpus = 1;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0)
    cpus = static_cast<unsigned>(std::max(CPU_COUNT(&mask), 1));
  std::optional<double> quota = quota_v2(cgroup_root);
  if (!quota) quota = quota_v1(cgroup_root);
  if (!quota) return cpus;
  return std::clamp(static_cast<unsigned>(std::ceil(*quota)), 1u, cpus);
}

}  // namespace weir::control
