#include "http2/hpack_encoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hpack_text.hpp"
#include "http/field_names.hpp"

namespace weir::http2 {
namespace {

std::string field(std::string_view name, std::string_view value) {
  std::string out = "before";
  append_field(out, name, value);
  EXPECT_TRUE(out.starts_with("before"));
  return out.substr(6);
}

std::string status(int code) {
  std::string out;
  append_status(out, code);
  return to_hex(out);
}

/// The names of the static table as nghttp2 knows them, without pseudo-fields.
std::vector<std::string> static_names() {
  HpackDecoder decoder;
  std::vector<std::string> names;
  for (int index = 15; index <= 61; ++index) {
    const std::string line = decoded(decoder, std::string(1, static_cast<char>(0x80 + index)));
    names.push_back(line.substr(0, line.find(':')));
  }
  return names;
}

TEST(HpackEncoder, NamesOfTheStaticTableAreIndexes) {
  EXPECT_EQ(to_hex(field(":path", "/x")), "04022f78");
  EXPECT_EQ(to_hex(field("accept-charset", "x")),
            "0f000178");  // 15: the first that does not fit into four bits
  EXPECT_EQ(to_hex(field("content-type", "x")), "0f100178");
  EXPECT_EQ(to_hex(field("www-authenticate", "")), "0f2e00");
}

TEST(HpackEncoder, EveryNameOfTheStaticTableIsFound) {
  for (const std::string& name : static_names()) {
    const std::string block = field(name, "v");
    EXPECT_EQ(block.size(), 4u) << name << ": " << to_hex(block);
    HpackDecoder decoder;
    EXPECT_EQ(decoded(decoder, block), name + ": v\n");
  }
  for (const std::string_view name : {":authority", ":method", ":path", ":scheme", ":status"}) {
    EXPECT_EQ(field(name, "v").size(), 3u) << name;
  }
}

TEST(HpackEncoder, AKnownFieldIsWrittenTheSame) {
  std::vector<std::string> names = static_names();
  for (const char* other :
       {"x-request-id", "connection", "X-Frame-Options", "Content-Security-Policy", "refresh"}) {
    names.emplace_back(other);
  }
  for (const std::string& name : names) {
    if (name == "refresh") continue;  // not in Beast's registry
    std::string out;
    append_field(out, http::field_id(name), name, "v");
    EXPECT_EQ(to_hex(out), to_hex(field(name, "v"))) << name;
  }
}

TEST(HpackEncoder, PairsOfTheStaticTableAreIndexes) {
  EXPECT_EQ(to_hex(field(":method", "GET")), "82");
  EXPECT_EQ(to_hex(field(":method", "POST")), "83");
  EXPECT_EQ(to_hex(field(":method", "PUT")), "0203505554");
  EXPECT_EQ(to_hex(field(":path", "/")), "84");
  EXPECT_EQ(to_hex(field(":path", "/index.html")), "85");
  EXPECT_EQ(to_hex(field(":scheme", "http")), "86");
  EXPECT_EQ(to_hex(field(":scheme", "https")), "87");
  EXPECT_EQ(to_hex(field("accept-encoding", "gzip, deflate")), "90");
  EXPECT_EQ(to_hex(field("accept-encoding", "gzip")), "0f0104677a6970");
}

TEST(HpackEncoder, Statuses) {
  EXPECT_EQ(status(200), "88");
  EXPECT_EQ(status(204), "89");
  EXPECT_EQ(status(206), "8a");
  EXPECT_EQ(status(304), "8b");
  EXPECT_EQ(status(400), "8c");
  EXPECT_EQ(status(404), "8d");
  EXPECT_EQ(status(500), "8e");
  EXPECT_EQ(status(100), "0803313030");
  EXPECT_EQ(status(503), "0803353033");
  EXPECT_EQ(status(999), "0803393939");
}

TEST(HpackEncoder, OtherNamesAreLiterals) {
  EXPECT_EQ(to_hex(field("x-a", "b")), "0003782d610162");
  EXPECT_EQ(to_hex(field("", "")), "000000");
  EXPECT_EQ(to_hex(field("ag", "1")),
            "00026167"
            "0131");  // not `age`
  EXPECT_EQ(to_hex(field("agf", "1")),
            "0003616766"
            "0131");
}

TEST(HpackEncoder, NamesAreWrittenInLowerCase) {
  EXPECT_EQ(to_hex(field("X-A_[Z`", "B")),
            "0007782d615f5b7a60"
            "0142");  // letters only, and not of values
  EXPECT_EQ(to_hex(field("Content-Type", "x")), "0f100178");
  EXPECT_EQ(to_hex(field("STRICT-TRANSPORT-SECURITY", "x")), "0f290178");
}

TEST(HpackEncoder, CredentialsAreNeverIndexed) {
  EXPECT_EQ(to_hex(field("Set-Cookie", "a")), "1f280161");
  EXPECT_EQ(to_hex(field("cookie", "a")), "1f110161");
  EXPECT_EQ(to_hex(field("authorization", "a")), "1f080161");
  EXPECT_EQ(to_hex(field("proxy-authorization", "a")), "1f220161");
}

TEST(HpackEncoder, TextsOfEveryLengthComeBack) {
  for (const std::size_t name_bytes :
       {1, 26, 27, 28, 126, 127, 128, 200, 233, 234, 235, 254, 255, 256, 1000, 20000}) {
    for (const std::size_t value_bytes :
         {0, 1, 125, 126, 127, 128, 200, 240, 250, 251, 252, 253, 254, 255, 256, 300, 16511, 16512, 60000}) {
      const std::string name(name_bytes, 'N');
      const std::string value(value_bytes, 'V');
      HpackDecoder decoder;
      ASSERT_EQ(decoded(decoder, field(name, value)), std::string(name_bytes, 'n') + ": " + value + "\n")
          << name_bytes << " and " << value_bytes;
      ASSERT_EQ(decoded(decoder, field("content-type", value)), "content-type: " + value + "\n")
          << value_bytes;
    }
  }
}

TEST(HpackEncoder, AWriterTakesAnyNumberOfFields) {
  for (const std::size_t bytes : {0, 1, 100, 127, 600, 1400, 1536, 2000}) {
    std::string one_by_one = "before", together = "before", lines;
    {
      BlockWriter block(together);
      block.status(200);
      append_status(one_by_one, 200);
      for (std::size_t i = 0; i < 40; ++i) {
        const std::string value(bytes + i, 'v');
        const std::string name = i % 3 == 0   ? "content-type"
                                 : i % 3 == 1 ? "x-other"
                                              : std::string(bytes + i, 'n');
        block.field(http::field_id(name), name, value);
        append_field(one_by_one, name, value);
        lines.append(name).append(": ").append(value).append("\n");
      }
      block.status(418);
      append_status(one_by_one, 418);
    }
    EXPECT_TRUE(together == one_by_one) << bytes;
    HpackDecoder decoder;
    EXPECT_EQ(decoded(decoder, std::string_view(together).substr(6)),
              ":status: 200\n" + lines + ":status: 418\n");
  }
}

TEST(HpackEncoder, ViewsWithoutData) {
  EXPECT_EQ(to_hex(field("server", {})), "0f2700");
  EXPECT_EQ(to_hex(field({}, {})), "000000");
}

}  // namespace
}  // namespace weir::http2
