#include "control/memory_limit.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.hpp"

namespace weir::control {
namespace {

struct CgroupFile {
  const char* file;
  const char* text;
};

struct MemoryCase {
  const char* what;
  const char* own;  // /proc/self/cgroup
  std::vector<CgroupFile> files;
  std::uint64_t expected;
};

std::uint64_t limit_of(const MemoryCase& each) {
  const testing::TempDir root;
  for (const CgroupFile& file : each.files) {
    const std::filesystem::path path = root.path() / file.file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << file.text;
  }
  root.write("own", each.own);
  return memory_limit(root.path().string(), root.file("own"));
}

TEST(MemoryLimit, IsTheLowestOnTheWayUp) {
  const MemoryCase cases[] = {
      {"no cgroup", "", {}, 0},
      {"v2, none", "0::/a\n", {{"a/memory.max", "max\n"}, {"memory.max", "max\n"}}, 0},
      {"v2, own", "0::/a/b\n", {{"a/b/memory.max", "1048576\n"}, {"a/memory.max", "max\n"}}, 1048576},
      {"v2, its parent's", "0::/a/b\n", {{"a/b/memory.max", "9000\n"}, {"a/memory.max", "7000\n"}}, 7000},
      {"v2, in a container", "0::/\n", {{"memory.max", "5000\n"}}, 5000},
      {"v2, a path of the host", "0::/../../x\n", {{"memory.max", "5000\n"}}, 5000},
      {"v1", "4:cpu,memory:/a\n1:cpu:/b\n", {{"memory/a/memory.limit_in_bytes", "12345\n"}}, 12345},
      {"v1, none", "4:memory:/a\n", {{"memory/a/memory.limit_in_bytes", "9223372036854771712\n"}}, 0},
      {"v1, in a container", "4:memory:/x/y\n", {{"memory/memory.limit_in_bytes", "777\n"}}, 777},
      {"v1, another controller", "4:memory_x:/a\n", {{"memory/a/memory.limit_in_bytes", "777\n"}}, 0},
      {"nonsense", "hello\n0::\n::\n", {{"memory.max", "lots\n"}}, 0},
      {"nothing allowed", "0::/a\n", {{"a/memory.max", "0\n"}}, 0},
  };
  for (const MemoryCase& each : cases) EXPECT_EQ(limit_of(each), each.expected) << each.what;
}

TEST(MemoryLimit, ThisProcessCanBeAsked) {
  (void)memory_limit();
}

}  // namespace
}  // namespace weir::control
