// What grpc-status said, as the cause of an ejection.
#include <gtest/gtest.h>

#include <set>

#include "health/cause.hpp"

namespace weir::health {
namespace {

TEST(GrpcCause, HasTheNameOfTheStatus) {
  EXPECT_EQ(Cause::of_grpc(grpc::Status::unavailable).text(), "grpc_unavailable");
  EXPECT_EQ(Cause::of_grpc(grpc::Status::ok).text(), "grpc_ok");
  EXPECT_EQ(Cause::of_grpc(grpc::Status::unauthenticated).text(), "grpc_unauthenticated");
}

TEST(GrpcCause, IsNoOtherOne) {
  std::set<std::uint8_t> codes;
  std::size_t causes = 0;
  const auto add = [&](Cause cause) {
    codes.insert(cause.code());
    ++causes;
    EXPECT_EQ(Cause::of_code(cause.code()).text(), cause.text());
  };
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind)
    add(Cause(static_cast<ErrorKind>(kind)));
  for (int status = Cause::status_first; status <= Cause::status_last; ++status)
    add(Cause::of_status(status));
  for (std::size_t i = 0; i < grpc::status_count; ++i) add(Cause::of_grpc(static_cast<grpc::Status>(i)));
  EXPECT_EQ(codes.size(), causes);
  EXPECT_FALSE(codes.contains(0)) << "nothing";
}

TEST(GrpcCause, IsCountedWithOthers) {
  CauseHistory history;
  history.add(Cause::of_status(503));
  history.add(Cause::of_grpc(grpc::Status::unavailable));
  history.add(Cause::of_grpc(grpc::Status::unavailable));
  EXPECT_EQ(causes_text(history.recent(), 3), "grpc_unavailable x2, status 503 x1");
}

}  // namespace
}  // namespace weir::health
