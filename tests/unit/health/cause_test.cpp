#include "health/cause.hpp"

#include <gtest/gtest.h>

namespace weir::health {
namespace {

TEST(Cause, HasTheNameOfTheErrorOrTheStatus) {
  EXPECT_EQ(Cause(ErrorKind::connect_refused).text(), "connect_refused");
  EXPECT_EQ(Cause(ErrorKind::malformed_request).text(), "malformed_request")
      << "the first kind is not nothing";
  EXPECT_EQ(Cause(ErrorKind::internal).text(), facts(ErrorKind::internal).name);
  EXPECT_EQ(Cause::of_status(503).text(), "status 503");
  EXPECT_EQ(Cause::of_status(599).text(), "status 599");
  EXPECT_EQ(Cause::of_status(200).text(), "");
  EXPECT_EQ(Cause().text(), "");
}

TEST(Cause, FitsIntoItsCode) {
  for (const Cause cause : {Cause(ErrorKind::upstream_reset), Cause::of_status(500), Cause::of_status(599)})
    EXPECT_EQ(Cause::of_code(cause.code()), cause);
}

class CauseHistoryTest : public testing::Test {
 protected:
  void add(int count, Cause cause) {
    for (int i = 0; i < count; ++i) history_.add(cause);
  }
  std::string text(std::uint64_t count) const { return causes_text(history_.recent(), count); }

  CauseHistory history_;
  const Cause refused_{ErrorKind::connect_refused};
  const Cause busy_ = Cause::of_status(503);
};

TEST_F(CauseHistoryTest, ShowsTheLatest) {
  EXPECT_EQ(text(8), "");
  add(3, refused_);
  EXPECT_EQ(text(3), "connect_refused x3");
  add(2, busy_);
  EXPECT_EQ(text(2), "status 503 x2");
  EXPECT_EQ(text(5), "connect_refused x3, status 503 x2");
  EXPECT_EQ(text(100), "connect_refused x3, status 503 x2");
  EXPECT_EQ(text(0), "");
}

TEST_F(CauseHistoryTest, TheLatestOfEqualsComesFirst) {
  add(1, refused_);
  add(1, busy_);
  EXPECT_EQ(text(2), "status 503 x1, connect_refused x1");
}

TEST_F(CauseHistoryTest, KeepsEight) {
  add(5, refused_);
  add(8, busy_);
  EXPECT_EQ(text(1000), "status 503 x8");
}

}  // namespace
}  // namespace weir::health
