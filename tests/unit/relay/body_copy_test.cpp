#include "relay/body_copy.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::relay {
namespace {

struct Copied {
  void add(const std::vector<std::string>& pieces) {
    std::vector<iovec> runs;
    std::size_t bytes = 0;
    for (const std::string& piece : pieces) {
      runs.push_back({const_cast<char*>(piece.data()), piece.size()});
      bytes += piece.size();
    }
    copy.add(runs, bytes);
  }
  static void note(void* self) { ++static_cast<Copied*>(self)->forgotten; }

  int forgotten = 0;
  BodyCopy copy{&Copied::note, this};
};

TEST(BodyCopy, KeepsWhatFitsToTheByte) {
  Copied copied;
  copied.copy.begin(10);
  EXPECT_TRUE(copied.copy.complete());
  copied.add({"abc", "", "de"});
  copied.add({});
  copied.add({"fghij"});
  EXPECT_TRUE(copied.copy.complete());
  EXPECT_EQ(copied.copy.bytes(), "abcdefghij");
  EXPECT_EQ(copied.forgotten, 0);
}

TEST(BodyCopy, ForgetsWhatDoesNotFitAtOnceAndSaysSoOnce) {
  Copied copied;
  copied.copy.begin(10);
  copied.add({"abcdefgh"});
  copied.add({"ij", "k"});
  EXPECT_FALSE(copied.copy.complete());
  EXPECT_EQ(copied.copy.bytes(), "");
  copied.add({"l"});  // would fit again
  EXPECT_FALSE(copied.copy.complete());
  EXPECT_EQ(copied.copy.bytes(), "");
  EXPECT_EQ(copied.forgotten, 1);
}

TEST(BodyCopy, NothingFitsIntoNothingButNothing) {
  Copied copied;
  copied.copy.begin(0);
  copied.add({""});
  EXPECT_TRUE(copied.copy.complete());
  copied.add({"a"});
  EXPECT_FALSE(copied.copy.complete());
}

TEST(BodyCopy, BeginsAnew) {
  Copied copied;
  copied.copy.begin(2);
  copied.add({"abc"});
  copied.copy.begin(4);
  copied.add({"wxyz"});
  EXPECT_TRUE(copied.copy.complete());
  EXPECT_EQ(copied.copy.bytes(), "wxyz");
  EXPECT_EQ(copied.forgotten, 1);
}

}  // namespace
}  // namespace weir::relay
