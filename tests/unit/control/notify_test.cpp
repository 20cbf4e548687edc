// The sd_notify protocol, against a datagram socket of our own.
#include "control/notify.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "support/temp_dir.hpp"
#include "support/unique_fd.hpp"

namespace weir::control {
namespace {

/// What systemd is on the other side: a bound datagram socket.
class Listener {
 public:
  /// `name`: a path, or '@' and an abstract name.
  explicit Listener(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = offsetof(sockaddr_un, sun_path) + name.size() + (name.front() == '@' ? 0 : 1);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length)),
              0);
  }

  std::string receive() const {
    char bytes[4096];
    const ssize_t n = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    return n < 0 ? "nothing" : std::string(bytes, static_cast<std::size_t>(n));
  }

 private:
  testing::UniqueFd fd_;
};

void exchange_all(const std::string& name) {
  const Listener systemd(name);
  Notifier notifier(name);
  EXPECT_TRUE(notifier.enabled());
  EXPECT_TRUE(notifier.ready("serving"));
  EXPECT_EQ(systemd.receive(), "READY=1\nSTATUS=serving");
  EXPECT_TRUE(notifier.status("busy"));
  EXPECT_EQ(systemd.receive(), "STATUS=busy");
  EXPECT_TRUE(notifier.stopping("draining"));
  EXPECT_EQ(systemd.receive(), "STOPPING=1\nSTATUS=draining");
  EXPECT_EQ(systemd.receive(), "nothing");
}

TEST(Notifier, SendsToAPath) {
  const testing::TempDir directory;
  exchange_all(directory.file("notify"));
}

TEST(Notifier, SendsToAnAbstractName) {
  exchange_all("@weir-notify-test-" + std::to_string(::getpid()));
}

std::uint64_t monotonic_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

TEST(Notifier, ReloadingCarriesTheMonotonicTime) {
  const testing::TempDir directory;
  const Listener systemd(directory.file("notify"));
  Notifier notifier(directory.file("notify"));
  const std::uint64_t before = monotonic_microseconds();
  EXPECT_TRUE(notifier.reloading());
  const std::uint64_t after = monotonic_microseconds();
  const std::string message = systemd.receive(), prefix = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_EQ(message.rfind(prefix, 0), 0u) << message;
  const std::uint64_t sent = std::stoull(message.substr(prefix.size()));
  EXPECT_GE(sent, before);
  EXPECT_LE(sent, after);
}

TEST(Notifier, AStatusIsOneLine) {
  const testing::TempDir directory;
  const Listener systemd(directory.file("notify"));
  Notifier notifier(directory.file("notify"));
  EXPECT_TRUE(notifier.status("a\nREADY=1\nb"));
  EXPECT_EQ(systemd.receive(), "STATUS=a READY=1 b");
  EXPECT_TRUE(notifier.status(std::string(100'000, 'x')));
  EXPECT_LT(systemd.receive().size(), 2000u);
}

TEST(Notifier, WithoutASocketNothingHappens) {
  Notifier notifier("");
  EXPECT_FALSE(notifier.enabled());
  EXPECT_FALSE(notifier.ready("x"));
  EXPECT_FALSE(notifier.reloading());
}

TEST(Notifier, SocketsThatAreNotThereAreNoTrouble) {
  const testing::TempDir directory;
  for (const std::string& name :
       {directory.file("missing"), std::string("relative"), std::string("vsock:2:1"),
        "/" + std::string(500, 'x'), std::string("@") + std::string(500, 'x')}) {
    EXPECT_FALSE(Notifier(name).ready("x")) << name;
  }
}

TEST(Notifier, TakesItsSocketOutOfTheEnvironment) {
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs here
  ::setenv("NOTIFY_SOCKET", "/run/somewhere", 1);
  EXPECT_TRUE(Notifier::from_environment().enabled());
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  // NOLINTEND(concurrency-mt-unsafe)
  EXPECT_FALSE(Notifier::from_environment().enabled());
}

}  // namespace
}  // namespace weir::control
