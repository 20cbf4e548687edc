#include "control/cpu_count.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.hpp"

namespace weir::control {
namespace {

unsigned affinity_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  EXPECT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
  return static_cast<unsigned>(CPU_COUNT(&mask));
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST(CpuCount, WithoutACgroupItIsTheAffinityMask) {
  testing::TempDir root;
  EXPECT_EQ(usable_cpus(root.path().string()), affinity_cpus());
}

TEST(CpuCount, ThisProcessHasAtLeastOne) {
  EXPECT_GE(usable_cpus(), 1u);
}

struct QuotaCase {
  const char* file;
  const char* text;
  unsigned expected;  // 0: the affinity mask
};

TEST(CpuCount, QuotasOfBothCgroupVersions) {
  const QuotaCase cases[] = {
      {"cpu.max", "max 100000", 0},      {"cpu.max", "100000 100000", 1}, {"cpu.max", "50000 100000", 1},
      {"cpu.max", "99900000 100000", 0}, {"cpu.max", "garbage", 0},       {"cpu.max", "100000 0", 0},
  };
  for (const QuotaCase& c : cases) {
    testing::TempDir root;
    write(root.path() / c.file, c.text);
    EXPECT_EQ(usable_cpus(root.path().string()), c.expected == 0 ? affinity_cpus() : c.expected) << c.text;
  }
  testing::TempDir v1;
  write(v1.path() / "cpu/cpu.cfs_quota_us", "100000");
  write(v1.path() / "cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(usable_cpus(v1.path().string()), 1u);
  write(v1.path() / "cpu/cpu.cfs_quota_us", "-1");
  EXPECT_EQ(usable_cpus(v1.path().string()), affinity_cpus());
}

}  // namespace
}  // namespace weir::control
