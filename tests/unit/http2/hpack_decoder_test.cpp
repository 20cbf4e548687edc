#include "http2/hpack_decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "hpack_text.hpp"

namespace weir::http2 {
namespace {

std::string decoded_alone(std::string_view hex) {
  HpackDecoder decoder;
  return decoded(decoder, from_hex(hex));
}

TEST(HpackDecoder, AnEmptyBlockHasNoFields) {
  EXPECT_EQ(decoded_alone(""), "");
}

TEST(HpackDecoder, PairsOfTheStaticTable) {
  EXPECT_EQ(decoded_alone("82 87 84 88 90"),
            ":method: GET\n:scheme: https\n:path: /\n:status: 200\naccept-encoding: gzip, deflate\n");
  EXPECT_EQ(decoded_alone("bd"), "www-authenticate: \n");  // the last, 61
}

TEST(HpackDecoder, IndexesBeyondTheTablesFail) {
  EXPECT_EQ(decoded_alone("80"), "failed");           // 0 is none
  EXPECT_EQ(decoded_alone("be"), "failed");           // 62: the dynamic table is empty
  EXPECT_EQ(decoded_alone("ff 00"), "failed");        // 127
  EXPECT_EQ(decoded_alone("7f 00 01 61"), "failed");  // as the name of a literal: 63
}

TEST(HpackDecoder, IntegersThatOverflowFail) {
  EXPECT_EQ(decoded_alone("ff ff ff ff ff 0f"), "failed");                       // an index
  EXPECT_EQ(decoded_alone("ff 80 80 80 80 80 80 80 80 80 80 80 01"), "failed");  // zeros first
  EXPECT_EQ(decoded_alone("40 7f ff ff ff ff ff ff ff ff ff 01 61"), "failed");  // the length of a name
  EXPECT_EQ(decoded_alone("40 01 61 7f ff ff ff ff 7f"), "failed");              // of a value
  EXPECT_EQ(decoded_alone("3f ff ff ff ff ff ff 01"), "failed");                 // the size of the table
}

TEST(HpackDecoder, HuffmanCodes) {
  EXPECT_EQ(decoded_alone("00 81 1f 81 1f"), "a: a\n");
  EXPECT_EQ(decoded_alone("00 81 1f 80"), "a: \n");
}

TEST(HpackDecoder, HuffmanPaddingThatIsNotTheBeginningOfTheEndFails) {
  EXPECT_EQ(decoded_alone("00 01 61 81 18"), "failed");           // zeros
  EXPECT_EQ(decoded_alone("00 01 61 81 1e"), "failed");           // a zero at the end
  EXPECT_EQ(decoded_alone("00 01 61 82 1f ff"), "failed");        // more than seven bits
  EXPECT_EQ(decoded_alone("00 01 61 81 ff"), "failed");           // eight bits, nothing before them
  EXPECT_EQ(decoded_alone("00 01 61 84 ff ff ff ff"), "failed");  // the end itself
  EXPECT_EQ(decoded_alone("00 81 18 01 61"), "failed");           // in a name
}

TEST(HpackDecoder, SizeUpdatesStandAtTheBeginning) {
  EXPECT_EQ(decoded_alone("20"), "");
  EXPECT_EQ(decoded_alone("20 3f e1 1f 82"), ":method: GET\n");  // to nothing and back: at most two are sent
  EXPECT_EQ(decoded_alone("82 20"), "failed");
  EXPECT_EQ(decoded_alone("82 20 84"), "failed");
  EXPECT_EQ(decoded_alone("00 01 61 01 31 20"), "failed");
}

TEST(HpackDecoder, LiteralsWithANameOfTheTables) {
  EXPECT_EQ(decoded_alone("04 01 78"), ":path: x\n");
  EXPECT_EQ(decoded_alone("0f 0d 03 31 32 38"), "content-length: 128\n");
  EXPECT_EQ(decoded_alone("1f 08 01 78"), "authorization: x\n");
  EXPECT_EQ(decoded_alone("0f 2e 01 78"), "www-authenticate: x\n");   // the last, 61
  EXPECT_EQ(decoded_alone("0f 2f 01 78"), "failed");                  // 62
  EXPECT_EQ(decoded_alone("0f 80 00 01 78"), "accept-charset: x\n");  // 15 in more bytes than it needs
}

TEST(HpackDecoder, SizeUpdatesBeyondTheSettingFail) {
  EXPECT_EQ(decoded_alone("3f e1 1f"), "");        // 4,096
  EXPECT_EQ(decoded_alone("3f e2 1f"), "failed");  // 4,097
}

TEST(HpackDecoder, ASizeUpdateEvicts) {
  HpackDecoder decoder;
  EXPECT_EQ(decoded(decoder, indexed_literal("a", "1") + indexed_literal("b", "2")), "a: 1\nb: 2\n");
  EXPECT_EQ(decoded(decoder, from_hex("be bf")), "b: 2\na: 1\n");
  EXPECT_EQ(decoded(decoder, from_hex("3f 04 be")), "b: 2\n");  // 35: one field of two bytes, and a byte more
  EXPECT_EQ(decoded(decoder, from_hex("bf")), "failed");
}

TEST(HpackDecoder, TheTableHasFourThousandBytes) {
  HpackDecoder decoder;
  const std::string value(4096 - 32 - 1, 'v');
  EXPECT_EQ(decoded(decoder, indexed_literal("n", value)), "n: " + value + "\n");
  EXPECT_EQ(decoded(decoder, from_hex("be")), "n: " + value + "\n");
  EXPECT_EQ(decoded(decoder, indexed_literal("n", value + "v")), "n: " + value + "v\n");  // empties it
  EXPECT_EQ(decoded(decoder, from_hex("be")), "failed");
}

TEST(HpackDecoder, WhatIsNotIndexedIsNotRemembered) {
  HpackDecoder decoder;
  EXPECT_EQ(decoded(decoder, from_hex("00 01 61 01 31")), "a: 1\n");
  EXPECT_EQ(decoded(decoder, from_hex("10 01 61 01 31")), "a: 1\n");
  EXPECT_EQ(decoded(decoder, from_hex("be")), "failed");
}

/// RFC 7541 6.2.3: an intermediary keeps it.
TEST(HpackDecoder, SaysWhatIsNeverToBeIndexed) {
  const auto flags = [](const std::string& block, std::size_t cut) {
    HpackDecoder decoder;
    std::string text;
    const auto sink = [&](const FieldLine& line) { text += line.never_indexed ? 'n' : '-'; };
    EXPECT_EQ(decoder.decode(std::string_view(block).substr(0, cut), false, sink), HpackDecoder::Outcome::ok);
    EXPECT_EQ(decoder.decode(std::string_view(block).substr(cut), true, sink), HpackDecoder::Outcome::ok);
    return text;
  };
  const std::string long_value = string_literal(std::string(200, 'v'));
  const std::string block = from_hex("82 00 01 61 01 31 10 01 61 01 31 1f 08 01 78 40 01 62 01 32 84") +
                            from_hex("10 01 63") + long_value + from_hex("00 01 64") + long_value +
                            from_hex("be");
  for (std::size_t cut = 0; cut <= block.size(); ++cut) EXPECT_EQ(flags(block, cut), "--nn--n--") << cut;
}

TEST(HpackDecoder, ABlockThatEndsInAFieldFails) {
  const std::string block = from_hex("3f e1 1f 82 40 01 61 02 31 32 0f 12 81 1f");
  const auto ends_between_fields = [](std::size_t bytes) {
    return bytes == 0 || bytes == 3 || bytes == 4 || bytes == 10;
  };
  for (std::size_t bytes = 0; bytes < block.size(); ++bytes) {
    HpackDecoder decoder;
    const std::string text = decoded(decoder, std::string_view(block).substr(0, bytes));
    EXPECT_EQ(text != "failed", ends_between_fields(bytes)) << bytes << " bytes: " << text;
  }
}

TEST(HpackDecoder, AFieldMayGoOnInTheNextPiece) {
  const std::string block = from_hex("82 40 01 61 02 31 32 be");
  HpackDecoder decoder;
  FieldLine line;
  std::string_view piece = std::string_view(block).substr(0, 5);
  EXPECT_EQ(decoder.next(piece, false, line), HpackDecoder::Step::field);
  EXPECT_EQ(line, (FieldLine{":method", "GET"}));
  EXPECT_EQ(decoder.next(piece, false, line), HpackDecoder::Step::end);
  EXPECT_TRUE(piece.empty());
  piece = std::string_view(block).substr(5);
  EXPECT_EQ(decoder.next(piece, true, line), HpackDecoder::Step::field);
  EXPECT_EQ(line, (FieldLine{"a", "12"}));
  EXPECT_EQ(decoder.next(piece, true, line), HpackDecoder::Step::field);
  EXPECT_EQ(line, (FieldLine{"a", "12"}));
  EXPECT_EQ(decoder.next(piece, true, line), HpackDecoder::Step::end);
}

TEST(HpackDecoder, TheLastPieceMayBeEmpty) {
  HpackDecoder decoder;
  FieldSection section;
  const auto sink = [&](const FieldLine& line) { section.add(line.name, line.value); };
  EXPECT_EQ(decoder.decode(from_hex("82"), false, sink), HpackDecoder::Outcome::ok);
  EXPECT_EQ(decoder.decode("", true, sink), HpackDecoder::Outcome::ok);
  EXPECT_EQ(decoder.decode(from_hex("20 84"), true, sink),
            HpackDecoder::Outcome::ok);  // a new block: may set the size
  EXPECT_EQ(text_of(section), ":method: GET\n:path: /\n");
}

TEST(HpackDecoder, TextsHaveABound) {
  const std::string longest(HpackDecoder::text_bytes_max, 'x');
  HpackDecoder decoder;
  const std::string literal(1, '\0');
  EXPECT_EQ(decoded(decoder, literal + string_literal("a") + string_literal(longest)),
            "a: " + longest + "\n");
  EXPECT_EQ(decoded(decoder, literal + string_literal("a") + string_literal(longest + "x")), "failed");
}

TEST(HpackDecoder, BytesOfTextsAreNotJudged) {
  EXPECT_EQ(decoded_alone("00 02 41 0a 02 00 ff"), std::string("A\n: \0\xff\n", 7));
  EXPECT_EQ(decoded_alone("00 00 00"), ": \n");
}

TEST(HpackDecoder, FailsForGoodAfterAFailure) {
  HpackDecoder decoder;
  EXPECT_EQ(decoded(decoder, from_hex("80")), "failed");
  EXPECT_EQ(decoded(decoder, from_hex("82")), "failed");
}

TEST(HpackDecoder, MovesWithItsTable) {
  HpackDecoder first;
  EXPECT_EQ(decoded(first, indexed_literal("a", "1")), "a: 1\n");
  HpackDecoder second = std::move(first);
  EXPECT_EQ(decoded(second, from_hex("be")), "a: 1\n");
}

}  // namespace
}  // namespace weir::http2
