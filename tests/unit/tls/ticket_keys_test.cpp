#include "tls/ticket_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/temp_dir.hpp"

namespace weir::tls {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

const TimePoint start{hours(1000)};

std::string key_bytes(char name, char hmac, char aes) {
  return std::string(16, name) + std::string(32, hmac) + std::string(32, aes);
}

bool known(const TicketKeys& keys, const TicketKey& key) {
  return keys.find(key.name.data()).has_value();
}

TEST(TicketKeys, StartWithARandomKey) {
  const TicketKeys one;
  const TicketKeys two;
  EXPECT_NE(one.current().name, two.current().name);
  EXPECT_NE(one.current().aes, two.current().aes);
  EXPECT_NE(one.current().hmac, two.current().hmac);
  const auto found = one.find(one.current().name.data());
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->renew);
  EXPECT_EQ(found->key.aes, one.current().aes);
  EXPECT_FALSE(known(one, two.current()));
}

TEST(TicketKeys, RotateWhenDue) {
  TicketKeys keys;
  const TicketKey first = keys.current();
  keys.rotate(start);  // starts the count
  keys.rotate(start + TicketKeys::rotation_interval - std::chrono::seconds(1));
  EXPECT_EQ(keys.current().name, first.name);
  keys.rotate(start + TicketKeys::rotation_interval);
  const TicketKey second = keys.current();
  EXPECT_NE(second.name, first.name);
  keys.rotate(start + TicketKeys::rotation_interval + hours(1));
  EXPECT_EQ(keys.current().name, second.name);
}

TEST(TicketKeys, KeepTheTwoBefore) {
  TicketKeys keys;
  TimePoint now = start;
  keys.rotate(now);
  std::vector<TicketKey> seen{keys.current()};
  for (int i = 0; i < 3; ++i) {
    now += TicketKeys::rotation_interval;
    keys.rotate(now);
    seen.push_back(keys.current());
  }
  EXPECT_FALSE(known(keys, seen[0]));
  for (std::size_t i : {1u, 2u}) {
    const auto found = keys.find(seen[i].name.data());
    ASSERT_TRUE(found) << i;
    EXPECT_TRUE(found->renew);
  }
  EXPECT_FALSE(keys.find(seen[3].name.data())->renew);
}

TEST(TicketKeys, ComeFromFilesNewestFirst) {
  const testing::TempDir directory;
  TicketKeys keys;
  const TicketKey in_memory = keys.current();
  ASSERT_TRUE(keys.load(
      {directory.write("new", key_bytes('N', 'h', 'a')), directory.write("old", key_bytes('O', 'i', 'b'))}));
  const TicketKey current = keys.current();
  EXPECT_EQ(current.name[0], 'N');
  EXPECT_EQ(current.hmac[31], 'h');
  EXPECT_EQ(current.aes[0], 'a');
  EXPECT_FALSE(known(keys, in_memory));
  const auto old = keys.find(reinterpret_cast<const std::uint8_t*>("OOOOOOOOOOOOOOOO"));
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->renew);
  EXPECT_EQ(old->key.aes[0], 'b');
}

TEST(TicketKeys, FromFilesAreNotRotated) {
  const testing::TempDir directory;
  TicketKeys keys;
  ASSERT_TRUE(keys.load({directory.write("key", key_bytes('N', 'h', 'a'))}));
  keys.rotate(start);
  keys.rotate(start + hours(1000));
  EXPECT_EQ(keys.current().name[0], 'N');
}

TEST(TicketKeys, GoBackToMemoryWithANewKey) {
  const testing::TempDir directory;
  TicketKeys keys;
  ASSERT_TRUE(keys.load({directory.write("key", key_bytes('N', 'h', 'a'))}));
  const TicketKey shared = keys.current();
  ASSERT_TRUE(keys.load({}));
  EXPECT_FALSE(known(keys, shared));
  const TicketKey own = keys.current();
  ASSERT_TRUE(keys.load({}));  // a reload without change: sessions go on
  EXPECT_EQ(keys.current().name, own.name);
}

TEST(TicketKeys, AdoptTakesOverKeysFromFiles) {
  const testing::TempDir directory;
  TicketKeys live, loaded;
  const TicketKey in_memory = live.current();
  ASSERT_TRUE(loaded.load(
      {directory.write("new", key_bytes('N', 'h', 'a')), directory.write("old", key_bytes('O', 'i', 'b'))}));
  EXPECT_EQ(live.current().name, in_memory.name);  // loading beside it changes nothing
  live.adopt(loaded);
  EXPECT_EQ(live.current().name[0], 'N');
  EXPECT_TRUE(known(live, loaded.current()));
  EXPECT_TRUE(live.find(reinterpret_cast<const std::uint8_t*>("OOOOOOOOOOOOOOOO")));
  EXPECT_FALSE(known(live, in_memory));
  live.rotate(start);
  live.rotate(start + hours(1000));
  EXPECT_EQ(live.current().name[0], 'N');
}

TEST(TicketKeys, AdoptKeepsWhatIsInMemoryWhenNothingCameFromFiles) {
  TicketKeys live;
  live.rotate(start);
  live.rotate(start + TicketKeys::rotation_interval);
  const TicketKey before = live.current();
  const TicketKeys loaded;
  live.adopt(loaded);
  EXPECT_EQ(live.current().name, before.name);
  EXPECT_FALSE(known(live, loaded.current()));
}

TEST(TicketKeys, AdoptGoesBackToMemoryWithANewKey) {
  const testing::TempDir directory;
  TicketKeys live;
  const TicketKeys loaded;
  ASSERT_TRUE(live.load({directory.write("key", key_bytes('N', 'h', 'a'))}));
  const TicketKey shared = live.current();
  live.adopt(loaded);
  EXPECT_FALSE(known(live, shared));
  EXPECT_FALSE(known(live, loaded.current()));
  const TicketKey own = live.current();
  live.adopt(loaded);
  EXPECT_EQ(live.current().name, own.name);
}

TEST(TicketKeys, LoadSaysWhatIsWrongAndChangesNothing) {
  const testing::TempDir directory;
  TicketKeys keys;
  const TicketKey before = keys.current();
  const std::string good = directory.write("good", key_bytes('N', 'h', 'a'));
  struct Case {
    std::vector<std::string> files;
    const char* text;
  };
  const std::vector<Case> cases{
      {{directory.file("none")}, "No such file"},
      {{good, directory.write("short", std::string(79, 'x'))},
       "has 79 bytes; a ticket key file has exactly 80"},
      {{directory.write("long", std::string(81, 'x'))}, "larger than 80 bytes"},
      {{directory.write("empty", "")}, "has 0 bytes"},
      {{directory.path().string()}, "not a regular file"},
      {{good, good, good, good}, "more than 3"},
  };
  for (const Case& c : cases) {
    const auto loaded = keys.load(c.files);
    ASSERT_FALSE(loaded) << c.text;
    EXPECT_EQ(loaded.error().kind, ErrorKind::internal);
    EXPECT_THAT(loaded.error().detail, HasSubstr(c.text));
    EXPECT_EQ(keys.current().name, before.name);
  }
}

}  // namespace
}  // namespace weir::tls
