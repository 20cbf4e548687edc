#include "http/reason.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace weir::http {
namespace {

TEST(ReasonPhrase, EveryStatusThatWeirAnswersWithHasOne) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
    const int status = facts(static_cast<ErrorKind>(kind)).status;
    if (status == 499) continue;  // logged, never sent
    EXPECT_FALSE(reason_phrase(status).empty()) << status;
  }
  for (const int status : {200, 301, 302, 303, 307, 308, 429})
    EXPECT_FALSE(reason_phrase(status).empty()) << status;
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(418), "");
  EXPECT_EQ(reason_phrase(-1), "");
}

}  // namespace
}  // namespace weir::http
