#include "tls/sni.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::tls {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// A well-formed extension for `name`.
Bytes extension(const std::string& name) {
  Bytes bytes;
  const auto u16 = [&bytes](std::size_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
  };
  u16(name.size() + 3);
  bytes.push_back(0);
  u16(name.size());
  bytes.insert(bytes.end(), name.begin(), name.end());
  return bytes;
}

TEST(ServerNameOf, ReadsTheName) {
  EXPECT_EQ(server_name_of(extension("example.com")), "example.com");
  EXPECT_EQ(server_name_of(extension("a")), "a");
  EXPECT_EQ(server_name_of(extension(std::string(server_name_bytes_max, 'n'))),
            std::string(server_name_bytes_max, 'n'));
}

TEST(ServerNameOf, RefusesWhatIsMalformed) {
  EXPECT_EQ(server_name_of({}), "");
  EXPECT_EQ(server_name_of(extension("")), "");
  EXPECT_EQ(server_name_of(extension(std::string(server_name_bytes_max + 1, 'n'))), "");
  EXPECT_EQ(server_name_of(extension(std::string("a\0b", 3))), "");
  Bytes wrong_type = extension("example.com");
  wrong_type[2] = 1;
  EXPECT_EQ(server_name_of(wrong_type), "");
}

TEST(ServerNameOf, NeverReadsPastAnyCut) {
  const Bytes whole = extension("example.com");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(server_name_of(cut), "") << size;
  }
  Bytes longer = whole;
  longer.push_back('x');
  EXPECT_EQ(server_name_of(longer), "");
}

TEST(ServerNameOf, RefusesEveryOtherLength) {
  const Bytes whole = extension("example.com");
  for (std::size_t position : {0u, 1u, 3u, 4u}) {
    for (int value = 0; value < 256; ++value) {
      Bytes changed = whole;
      changed[position] = static_cast<std::uint8_t>(value);
      if (changed == whole) continue;
      EXPECT_EQ(server_name_of(changed), "") << position << ' ' << value;
    }
  }
}

TEST(NameTable, FindsExactThenWildcard) {
  NameTable table;
  table.add("example.com", 0);
  table.add("*.example.com", 1);
  table.add("api.example.com", 2);
  table.add("*.api.example.com", 3);
  struct Case {
    const char* host;
    std::optional<std::size_t> want;
  };
  const std::vector<Case> cases{
      {"example.com", 0},
      {"EXAMPLE.com", 0},
      {"example.com.", 0},
      {"api.example.com", 2},
      {"Api.Example.Com.", 2},
      {"www.example.com", 1},
      {"a.api.example.com", 3},
      {"b.a.api.example.com", std::nullopt},  // one label only
      {"a.www.example.com", std::nullopt},
      {".example.com", std::nullopt},
      {"example.org", std::nullopt},
      {"xexample.com", std::nullopt},
      {"com", std::nullopt},
      {"", std::nullopt},
      {".", std::nullopt},
      {"*.example.com", 1},  // a client may send anything; it is one label
  };
  for (const Case& c : cases) EXPECT_EQ(table.find(c.host), c.want) << c.host;
}

TEST(NameTable, TheFirstToClaimANameKeepsIt) {
  NameTable table;
  table.add("a.test", 0);
  table.add("A.test", 1);
  table.add("*.b.test", 0);
  table.add("*.b.test", 1);
  EXPECT_EQ(table.find("a.test"), 0u);
  EXPECT_EQ(table.find("x.b.test"), 0u);
}

TEST(NameTable, OddPatternsMatchNothing) {
  NameTable table;
  for (const char* pattern : {"", "*", "*.", "f*.example.com", "*.*.example.com", "www.*.com"}) {
    table.add(pattern, 0);
  }
  for (const char* host : {"example.com", "foo.example.com", "a.b.example.com", "www.x.com", "*"}) {
    EXPECT_EQ(table.find(host), std::nullopt) << host;
  }
}

TEST(NameTable, LongNamesAreUnknown) {
  NameTable table;
  table.add("*." + std::string(300, 'a'), 0);
  EXPECT_EQ(table.find("x." + std::string(300, 'a')), std::nullopt);
}

}  // namespace
}  // namespace weir::tls
