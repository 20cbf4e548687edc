#include "io/connect.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "support/byte_stream.hpp"
#include "support/descriptor_limit.hpp"
#include "support/loop.hpp"

namespace weir::io {
namespace {

using testing::Loop;

int lowest_free_descriptor() {
  return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get();
}

Task<> connect_to(Reactor& reactor, std::uint16_t port, ConnectResult& result) {
  const auto address = SocketAddress::parse("127.0.0.1:" + std::to_string(port));
  Connect connect(reactor, *address, reactor.now() + std::chrono::seconds(10));
  result = co_await connect;
}

IoStatus status_of(Loop& loop, std::uint16_t port) {
  ConnectResult result;
  loop.run(connect_to(loop.reactor(), port, result));
  EXPECT_EQ(result.stream != nullptr, result.status == IoStatus::ok);
  return result.status;
}

TEST(Connect, DistinguishesARefusalFromALackOfDescriptors) {
  Loop loop;
  std::uint16_t port = 0;
  const testing::UniqueFd listening = testing::listen_tcp(port);
  EXPECT_EQ(status_of(loop, port), IoStatus::ok);
  EXPECT_EQ(status_of(loop, testing::unused_port()), IoStatus::refused);
  {
    const testing::DescriptorLimit none(static_cast<rlim_t>(lowest_free_descriptor()));
    EXPECT_EQ(status_of(loop, port), IoStatus::exhausted);  // no failure of the endpoint
  }
  EXPECT_EQ(status_of(loop, port), IoStatus::ok);
}

TEST(Connect, LeavesTheControlThreadsDescriptorsAlone) {
  Loop loop;
  std::uint16_t port = 0;
  const testing::UniqueFd listening = testing::listen_tcp(port);
  const int lowest_free = lowest_free_descriptor();
  loop.reactor().set_descriptors_max(lowest_free);
  EXPECT_EQ(status_of(loop, port), IoStatus::exhausted);
  EXPECT_EQ(lowest_free_descriptor(), lowest_free) << "given back";
  loop.reactor().set_descriptors_max(lowest_free + 1);
  EXPECT_EQ(status_of(loop, port), IoStatus::ok);
}

}  // namespace
}  // namespace weir::io
