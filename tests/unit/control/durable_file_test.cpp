// Files that survive a crash: one process a folder. (What is written is tested with the stores that write it.)
#include "control/durable_file.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "support/temp_dir.hpp"

namespace weir::control {
namespace {

TEST(ClaimFolder, IsForOneAtATime) {
  const testing::TempDir directory;
  auto first = claim_folder(directory.path().string());
  ASSERT_TRUE(first);
  // A lock belongs to the open file, so a second one of this process is refused like another process's.
  const auto second = claim_folder(directory.path().string());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find("in use by another process"), std::string::npos);
  { const io::FileDescriptor given_up = std::move(*first); }
  EXPECT_TRUE(claim_folder(directory.path().string()));
}

TEST(ClaimFolder, SaysWhyNot) {
  const auto claimed = claim_folder("/dev/null/weir");
  ASSERT_FALSE(claimed);
  EXPECT_NE(claimed.error().detail.find("/dev/null/weir/lock"), std::string::npos);
}

}  // namespace
}  // namespace weir::control
