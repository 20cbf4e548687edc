#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "http2/field_receiver.hpp"
#include "http2/hpack_decoder.hpp"
#include "http2/hpack_encoder.hpp"
#include "unit/http2/hpack_text.hpp"

namespace weir::http2 {
namespace {

constexpr unsigned seed = 7541;

struct Field {
  std::string name;
  std::string value;
  bool never_indexed = false;
  bool operator==(const Field&) const = default;
};
using Fields = std::vector<Field>;

std::string random_text(std::mt19937& random, std::string_view alphabet) {
  const unsigned bounds[] = {2, 8, 30, 150, 700};
  std::string text(random() % bounds[random() % std::size(bounds)], '\0');
  for (char& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

Fields random_fields(std::mt19937& random) {
  static constexpr const char* names[] = {":method",    ":path",        "accept", "cookie",
                                          "user-agent", "x-request-id", "vary"};
  static constexpr const char* values[] = {
      "", "GET", "/", "gzip, deflate", "Mozilla/5.0", "017f22e2-79b0-7cc3-98c4"};
  Fields fields(random() % 12);
  for (auto& [name, value, never_indexed] : fields) {
    name =
        random() % 4 != 0 ? names[random() % std::size(names)] : random_text(random, "abcdefgh-0123456789");
    value = random() % 2 != 0 ? values[random() % std::size(values)]
                              : random_text(random, std::string_view("\0 aeiou\"/;=\x7f\xff", 13));
    never_indexed = name == "cookie";  // as our encoder has it
  }
  return fields;
}

/// What nghttp2 makes of a block.
Fields inflated(nghttp2_hd_inflater* inflater, const std::string& block) {
  Fields fields;
  const auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
  const auto* end = at + block.size();
  for (;;) {
    nghttp2_nv line;
    int flags = 0;
    const auto taken =
        nghttp2_hd_inflate_hd2(inflater, &line, &flags, at, static_cast<std::size_t>(end - at), 1);
    if (taken < 0) return {{"failed", nghttp2_strerror(static_cast<int>(taken))}};
    at += taken;
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      fields.push_back({{reinterpret_cast<const char*>(line.name), line.namelen},
                        {reinterpret_cast<const char*>(line.value), line.valuelen},
                        (line.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0});
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater);
  return fields;
}

/// A block as nghttp2 writes it: with a dynamic table and Huffman codes.
std::string deflated(nghttp2_hd_deflater* deflater, Fields& fields, std::mt19937& random) {
  const auto bytes = [](std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); };
  std::vector<nghttp2_nv> lines;
  for (auto& [name, value, never_indexed] : fields) {
    const std::uint8_t flags = random() % 4 != 0 ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX;
    constexpr std::size_t short_cookie = 20;  // nghttp2 has it as a secret that could be guessed
    never_indexed = flags == NGHTTP2_NV_FLAG_NO_INDEX || (name == "cookie" && value.size() < short_cookie);
    lines.push_back({bytes(name), bytes(value), name.size(), value.size(), flags});
  }
  std::string block(nghttp2_hd_deflate_bound(deflater, lines.data(), lines.size()), '\0');
  const auto written =
      nghttp2_hd_deflate_hd(deflater, bytes(block), block.size(), lines.data(), lines.size());
  EXPECT_GE(written, 0);
  block.resize(static_cast<std::size_t>(written));
  return block;
}

struct Release {
  void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  void operator()(nghttp2_hd_deflater* deflater) const { nghttp2_hd_deflate_del(deflater); }
};

std::unique_ptr<nghttp2_hd_inflater, Release> new_inflater() {
  nghttp2_hd_inflater* inflater = nullptr;
  EXPECT_EQ(nghttp2_hd_inflate_new(&inflater), 0);
  return std::unique_ptr<nghttp2_hd_inflater, Release>(inflater);
}

std::unique_ptr<nghttp2_hd_deflater, Release> new_deflater() {
  nghttp2_hd_deflater* deflater = nullptr;
  EXPECT_EQ(nghttp2_hd_deflate_new(&deflater, 4096), 0);
  return std::unique_ptr<nghttp2_hd_deflater, Release>(deflater);
}

/// Decodes a block in pieces that end at `ends`.
Fields decoded_in_pieces(HpackDecoder& decoder, std::string_view block, std::vector<std::size_t> ends) {
  ends.push_back(block.size());
  Fields fields;
  const auto sink = [&](const FieldLine& line) {
    fields.push_back({std::string(line.name), std::string(line.value), line.never_indexed});
  };
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const std::string piece(
        block.substr(begin, ends[i] - begin));  // of its own: nothing before it may be looked at
    if (decoder.decode(piece, i + 1 == ends.size(), sink) != HpackDecoder::Outcome::ok)
      return {{"failed", ""}};
    begin = ends[i];
  }
  return fields;
}

TEST(HpackProperty, WhatIsEncodedIsInflated) {
  std::mt19937 random(seed);
  const auto inflater = new_inflater();  // the same for all: nothing that was encoded before matters
  for (int round = 0; round < 2000; ++round) {
    const Fields fields = random_fields(random);
    std::string block;
    for (const Field& field : fields) append_field(block, field.name, field.value);
    ASSERT_EQ(inflated(inflater.get(), block), fields) << "round " << round;
    ASSERT_EQ(nghttp2_hd_inflate_get_num_table_entries(inflater.get()), 61u) << "nothing may be indexed";
  }
}

TEST(HpackProperty, EveryStatusIsInflated) {
  const auto inflater = new_inflater();
  for (int status = 100; status <= 999; ++status) {
    std::string block;
    append_status(block, status);
    ASSERT_EQ(inflated(inflater.get(), block), (Fields{{":status", std::to_string(status)}}));
  }
}

TEST(HpackProperty, WhatIsDeflatedIsDecodedHoweverItIsCut) {
  std::mt19937 random(seed);
  const auto deflater = new_deflater();
  HpackDecoder in_two, in_bytes;
  for (int round = 0; round < 1000; ++round) {
    if (random() % 50 == 0) nghttp2_hd_deflate_change_table_size(deflater.get(), random() % 4097);
    Fields fields = random_fields(random);
    const std::string block = deflated(deflater.get(), fields, random);
    ASSERT_EQ(decoded_in_pieces(in_two, block, {random() % (block.size() + 1)}), fields) << "round " << round;
    std::vector<std::size_t> ends(block.size());
    for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = i;
    ASSERT_EQ(decoded_in_pieces(in_bytes, block, ends), fields) << "round " << round;
  }
}

/// Blocks that are partly spoiled: what the inflater alone takes is taken, and the same fields come out.
TEST(HpackProperty, SpoiledBlocksFailWhereTheInflaterFails) {
  std::mt19937 random(seed);
  int failures = 0;
  for (int connection = 0; connection < 500; ++connection) {
    const auto deflater = new_deflater();
    const auto inflater = new_inflater();
    HpackDecoder decoder;
    for (int round = 0; round < 20; ++round) {
      Fields fields = random_fields(random);
      std::string block = deflated(deflater.get(), fields, random);
      if (random() % 4 == 0) block.insert(random() % (block.size() + 1), 1, static_cast<char>(random()));
      if (random() % 4 == 0 && !block.empty()) block[random() % block.size()] = static_cast<char>(random());
      const Fields expected = inflated(inflater.get(), block);
      const bool fails = !expected.empty() && expected.front().name == "failed";
      const Fields found = decoded_in_pieces(decoder, block, {random() % (block.size() + 1)});
      if (fails) {
        ASSERT_EQ(found, (Fields{{"failed", ""}})) << "connection " << connection << ", round " << round;
        ++failures;
        break;
      }
      ASSERT_EQ(found, expected) << "connection " << connection << ", round " << round;
    }
  }
  EXPECT_GT(failures, 100);
}

/// Every byte in a text that is compressed and not indexed.
TEST(HpackProperty, EveryByteHasItsCode) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto deflater = new_deflater();
    for (const int repeated : {1, 2, 3, 7}) {
      std::string name = "n", value(static_cast<std::size_t>(repeated), static_cast<char>(byte));
      value += "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";  // so that it is shorter in the code
      Fields fields{{name, value, true}};
      nghttp2_nv line{reinterpret_cast<std::uint8_t*>(name.data()),
                      reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                      NGHTTP2_NV_FLAG_NO_INDEX};
      std::string block(nghttp2_hd_deflate_bound(deflater.get(), &line, 1), '\0');
      const auto written = nghttp2_hd_deflate_hd(
          deflater.get(), reinterpret_cast<std::uint8_t*>(block.data()), block.size(), &line, 1);
      ASSERT_GT(written, 0);
      block.resize(static_cast<std::size_t>(written));
      HpackDecoder decoder;
      ASSERT_EQ(decoded_in_pieces(decoder, block, {}), fields) << "byte " << byte;
    }
  }
}

/// A connection's blocks one after another; sections: the fields of each.
struct Example {
  const char* section;  // of RFC 7541
  std::vector<std::string> blocks;
  std::vector<Fields> fields;
};

const Fields first_request = {
    {":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "www.example.com"}};
const Fields second_request = {{":method", "GET"},
                               {":scheme", "http"},
                               {":path", "/"},
                               {":authority", "www.example.com"},
                               {"cache-control", "no-cache"}};
const Fields third_request = {{":method", "GET"},
                              {":scheme", "https"},
                              {":path", "/index.html"},
                              {":authority", "www.example.com"},
                              {"custom-key", "custom-value"}};
const Fields first_response = {{":status", "302"},
                               {"cache-control", "private"},
                               {"date", "Mon, 21 Oct 2013 20:13:21 GMT"},
                               {"location", "https://www.example.com"}};
const Fields second_response = {{":status", "307"},
                                {"cache-control", "private"},
                                {"date", "Mon, 21 Oct 2013 20:13:21 GMT"},
                                {"location", "https://www.example.com"}};
const Fields third_response = {{":status", "200"},
                               {"cache-control", "private"},
                               {"date", "Mon, 21 Oct 2013 20:13:22 GMT"},
                               {"location", "https://www.example.com"},
                               {"content-encoding", "gzip"},
                               {"set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"}};

/// Appendix C. Its responses use a table of 256 bytes; what ours keeps longer stands behind what they refer to.
const std::vector<Example>& examples() {
  static const std::vector<Example> all = {
      {"C.2.1",
       {"400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"},
       {{{"custom-key", "custom-header"}}}},
      {"C.2.2", {"040c 2f73 616d 706c 652f 7061 7468"}, {{{":path", "/sample/path"}}}},
      {"C.2.3", {"1008 7061 7373 776f 7264 0673 6563 7265 74"}, {{{"password", "secret", true}}}},
      {"C.2.4", {"82"}, {{{":method", "GET"}}}},
      {"C.3",
       {"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65"},
       {first_request, second_request, third_request}},
      {"C.4",
       {"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"},
       {first_request, second_request, third_request}},
      {"C.5",
       {"4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 "
        "3120 474d "
        "546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 "
        "7738 666f "
        "6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 "
        "3630 303b "
        "2076 6572 7369 6f6e 3d31"},
       {first_response, second_response, third_response}},
      {"C.6",
       {"4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad "
        "1718 63c7 "
        "8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 "
        "e6c7 b335 "
        "dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07"},
       {first_response, second_response, third_response}},
  };
  return all;
}

TEST(HpackProperty, TheExamplesOfTheStandardAreDecodedHoweverTheyAreCut) {
  for (const Example& example : examples()) {
    std::size_t bytes = 0;
    for (const std::string& block : example.blocks) bytes = std::max(bytes, from_hex(block).size());
    for (std::size_t cut = 0; cut <= bytes; ++cut) {
      HpackDecoder decoder;
      for (std::size_t i = 0; i < example.blocks.size(); ++i) {
        const std::string block = from_hex(example.blocks[i]);
        ASSERT_EQ(decoded_in_pieces(decoder, block, {std::min(cut, block.size())}), example.fields[i])
            << example.section << "." << i + 1 << " cut at " << cut;
      }
    }
  }
}

TEST(HpackProperty, ExamplesThatEndTooEarlyFail) {
  for (const Example& example : examples()) {
    const std::string block = from_hex(example.blocks.front());
    HpackDecoder whole;
    const Fields fields = decoded_in_pieces(whole, block, {});
    for (std::size_t bytes = 0; bytes < block.size(); ++bytes) {
      HpackDecoder decoder;
      const Fields some = decoded_in_pieces(decoder, std::string_view(block).substr(0, bytes), {});
      const bool failed = some == Fields{{"failed", ""}};
      ASSERT_TRUE(failed || std::equal(some.begin(), some.end(), fields.begin()))
          << example.section << ", " << bytes;
      ASSERT_TRUE(failed || some.size() < fields.size()) << example.section << ", " << bytes;
    }
  }
}

/// Whatever the blocks are: what is kept is within the limits, and a section that is whole is what the decoder says.
TEST(HpackProperty, AReceiverKeepsWhatTheLimitsAllow) {
  constexpr SectionLimits limits{.bytes = 900, .count = 6, .cookie_bytes = 400, .cookie_count = 3};
  std::mt19937 random(seed);
  auto deflater = new_deflater();
  std::optional<FieldReceiver> receiver(limits);
  int whole = 0, cut = 0, excessive = 0;
  for (int round = 0; round < 3000; ++round) {
    Fields fields = random_fields(random);
    const std::string block = deflated(deflater.get(), fields, random);
    receiver->begin();
    const auto outcome = receiver->piece(block, true);
    if (outcome == FieldReceiver::Outcome::excessive) {  // the end of a connection: the next one
      ++excessive;
      deflater = new_deflater();
      receiver.emplace(limits);
      continue;
    }
    ASSERT_EQ(outcome, FieldReceiver::Outcome::ok);
    const FieldSection& section = receiver->section();
    ASSERT_EQ(receiver->too_large(), section.size() < fields.size());
    std::size_t bytes = 0, cookie_bytes = 0;
    for (std::size_t i = 0; i < section.size(); ++i) {
      ASSERT_EQ(section[i], (FieldLine{fields[i].name, fields[i].value, fields[i].never_indexed}));
      std::size_t& sum = section[i].name == "cookie" ? cookie_bytes : bytes;
      sum += section[i].name.size() + section[i].value.size() + 32;
    }
    ASSERT_LE(bytes, limits.bytes);
    ASSERT_LE(cookie_bytes, limits.cookie_bytes);
    ++(receiver->too_large() ? cut : whole);
  }
  EXPECT_GT(whole, 10);
  EXPECT_GT(cut, 10);
  EXPECT_GT(excessive, 10);
}

}  // namespace
}  // namespace weir::http2
