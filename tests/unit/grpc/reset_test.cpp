// The table of PROTOCOL-HTTP2 from codes of RST_STREAM to statuses.
#include "grpc/reset.hpp"

#include <gtest/gtest.h>

namespace weir::grpc {
namespace {

TEST(GrpcReset, HasAStatusForEveryCode) {
  for (std::uint32_t code = 0; code <= 0x100; ++code) {
    Status expected = Status::internal;
    if (code == 7) expected = Status::unavailable;
    if (code == 8) expected = Status::cancelled;
    if (code == 11) expected = Status::resource_exhausted;
    if (code == 12) expected = Status::permission_denied;
    EXPECT_EQ(status_of_reset(code), expected) << code;
  }
  EXPECT_EQ(status_of_reset(0xFFFF'FFFF), Status::internal);
}

}  // namespace
}  // namespace weir::grpc
