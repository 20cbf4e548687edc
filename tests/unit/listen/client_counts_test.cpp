#include "listen/client_counts.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "core/rng.hpp"

namespace weir::listen {
namespace {

IpAddress ip(const char* text) {
  return IpAddress::parse(text).value();
}

TEST(ClientCounts, EachClientHasItsOwnBound) {
  ClientCounts counts;
  EXPECT_TRUE(counts.take(ip("192.0.2.1"), 2));
  EXPECT_TRUE(counts.take(ip("192.0.2.1"), 2));
  EXPECT_FALSE(counts.take(ip("192.0.2.1"), 2));
  EXPECT_TRUE(counts.take(ip("192.0.2.2"), 2));
  EXPECT_EQ(counts.clients(), 2u);
  counts.give_back(ip("192.0.2.1"));
  EXPECT_TRUE(counts.take(ip("192.0.2.1"), 2));
}

TEST(ClientCounts, AnIpv6ClientIsItsWholeSlash64) {
  ClientCounts counts;
  EXPECT_TRUE(counts.take(ip("2001:db8:0:1::1"), 1));
  EXPECT_FALSE(counts.take(ip("2001:db8:0:1:ffff::2"), 1));
  EXPECT_TRUE(counts.take(ip("2001:db8:0:2::1"), 1));
  counts.give_back(ip("2001:db8:0:1:aaaa::9"));
  EXPECT_TRUE(counts.take(ip("2001:db8:0:1::1"), 1));
}

TEST(ClientCounts, FamiliesAreApartAndMappedAddressesAreFour) {
  ClientCounts counts;
  EXPECT_TRUE(counts.take(ip("32.1.13.184"), 1));  // the same first bytes as 2001:db8::
  EXPECT_TRUE(counts.take(ip("2001:db8::"), 1));
  EXPECT_FALSE(counts.take(ip("::ffff:32.1.13.184"), 1));
}

TEST(ClientCounts, AClientWithoutConnectionsTakesNoRoom) {
  ClientCounts counts;
  for (int round = 0; round < 3; ++round) {
    for (std::uint8_t i = 0; i < 200; ++i) {
      IpAddress client = ip("10.0.0.0");
      client.bytes[3] = i;
      ASSERT_TRUE(counts.take(client, 1));
      ASSERT_FALSE(counts.take(client, 1));
    }
    EXPECT_EQ(counts.clients(), 200u);
    for (std::uint8_t i = 0; i < 200; ++i) {
      IpAddress client = ip("10.0.0.0");
      client.bytes[3] = i;
      counts.give_back(client);
    }
    EXPECT_EQ(counts.clients(), 0u);
  }
  EXPECT_FALSE(counts.take(ip("10.0.0.1"), 0));
  EXPECT_EQ(counts.clients(), 0u);
}

TEST(ClientCounts, APlaceIsGivenBackWhenItGoes) {
  ClientCounts counts;
  {
    ClientPlace place, late;
    EXPECT_TRUE(place.take(counts, ip("10.0.0.1"), 1));
    EXPECT_FALSE(late.take(counts, ip("10.0.0.1"), 1));
  }
  EXPECT_EQ(counts.clients(), 0u);
}

TEST(ClientCounts, AgreesWithAMapOverManySteps) {
  ClientCounts counts;
  std::map<IpAddress, std::uint32_t> open;
  Rng rng(3);
  for (int step = 0; step < 20'000; ++step) {
    IpAddress client = ip("10.0.0.0");
    client.bytes[2] = static_cast<std::uint8_t>(rng() % 4);
    client.bytes[3] = static_cast<std::uint8_t>(rng() % 16);
    std::uint32_t& held = open[client];
    if (rng() % 2 == 0) {
      ASSERT_EQ(counts.take(client, 3), held < 3);
      held += held < 3 ? 1 : 0;
    } else if (held > 0) {
      counts.give_back(client);
      --held;
    }
  }
  std::size_t clients = 0;
  for (const auto& [client, held] : open) clients += held > 0 ? 1 : 0;
  EXPECT_EQ(counts.clients(), clients);
}

TEST(ClientCounts, IsExactOverThreads) {
  ClientCounts counts;
  std::atomic<int> holding{0}, most{0};
  const auto worker = [&] {
    for (int i = 0; i < 5'000; ++i) {
      ClientPlace place;
      if (!place.take(counts, ip("192.0.2.1"), 2)) continue;
      const int now = ++holding;
      int seen = most;
      while (seen < now && !most.compare_exchange_weak(seen, now)) continue;
      --holding;
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) threads.emplace_back(worker);
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
  EXPECT_EQ(counts.clients(), 0u);
}

}  // namespace
}  // namespace weir::listen
