#include "core/units.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

struct DurationCase {
  std::string text;
  std::optional<std::int64_t> ms;
};

TEST(Units, ParsesDurations) {
  const std::vector<DurationCase> cases = {
      {"0", 0},
      {"0s", 0},
      {"250ms", 250},
      {"5s", 5'000},
      {"10m", 600'000},
      {"1h", 3'600'000},
      {"2d", 172'800'000},
      {"3650d", 315'360'000'000},
      {"007s", 7'000},
      {"3651d", {}},
      {"315360000001ms", {}},
      {"99999999999999999999s", {}},
      {"18446744073709551615d", {}},
      {"", {}},
      {"5", {}},
      {"s", {}},
      {"-5s", {}},
      {"+5s", {}},
      {" 5s", {}},
      {"5s ", {}},
      {"5 s", {}},
      {"5S", {}},
      {"1.5s", {}},
      {"1m30s", {}},
      {"5sec", {}},
      {"5w", {}},
      {"0x5s", {}},
  };
  for (const DurationCase& c : cases) {
    const auto parsed = parse_duration(c.text);
    ASSERT_EQ(parsed.has_value(), c.ms.has_value()) << c.text;
    if (parsed) {
      EXPECT_EQ(parsed->count(), *c.ms) << c.text;
    }
  }
}

struct SizeCase {
  std::string text;
  std::optional<std::uint64_t> bytes;
};

TEST(Units, ParsesSizes) {
  const std::vector<SizeCase> cases = {
      {"0", 0},
      {"1", 1},
      {"512B", 512},
      {"16KiB", 16'384},
      {"10MiB", 10'485'760},
      {"1GiB", 1'073'741'824},
      {"9007199254740992", 1ULL << 53},
      {"8388608GiB", 1ULL << 53},
      {"9007199254740993", {}},
      {"8388609GiB", {}},
      {"99999999999999999999", {}},
      {"", {}},
      {"KiB", {}},
      {"-1", {}},
      {"1KB", {}},
      {"1K", {}},
      {"1kib", {}},
      {"1.5MiB", {}},
      {"1 KiB", {}},
      {"1TiB", {}},
      {"0x10", {}},
  };
  for (const SizeCase& c : cases) EXPECT_EQ(parse_size(c.text), c.bytes) << c.text;
}

TEST(Units, FormatsTheShortestExactDuration) {
  EXPECT_EQ(format_duration(Milliseconds{0}), "0");
  EXPECT_EQ(format_duration(Milliseconds{1}), "1ms");
  EXPECT_EQ(format_duration(Milliseconds{1'500}), "1500ms");
  EXPECT_EQ(format_duration(Milliseconds{75'000}), "75s");
  EXPECT_EQ(format_duration(Milliseconds{60'000}), "1m");
  EXPECT_EQ(format_duration(Milliseconds{7'200'000}), "2h");
  EXPECT_EQ(format_duration(Milliseconds{86'400'000}), "1d");
  EXPECT_EQ(format_duration(Milliseconds{-5}), "0");
}

TEST(Units, FormatsTheShortestExactSize) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1), "1");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(1024), "1KiB");
  EXPECT_EQ(format_size(1025), "1025");
  EXPECT_EQ(format_size(1536 * 1024), "1536KiB");
  EXPECT_EQ(format_size(64ULL << 20), "64MiB");
  EXPECT_EQ(format_size(3ULL << 30), "3GiB");
}

TEST(Units, ReadsBackWhatItWrites) {
  for (std::int64_t ms = 1; ms < 200'000'000; ms = ms * 3 + 1) {
    EXPECT_EQ(parse_duration(format_duration(Milliseconds{ms})), Milliseconds{ms});
    const auto bytes = static_cast<std::uint64_t>(ms);
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
    EXPECT_EQ(parse_size(format_size(bytes * 1024)), bytes * 1024);
  }
}

}  // namespace
}  // namespace weir
