#include "http2/field_receiver.hpp"

#include <gtest/gtest.h>

#include <string>

#include "hpack_text.hpp"
#include "http2/hpack_encoder.hpp"

namespace weir::http2 {
namespace {

using Outcome = FieldReceiver::Outcome;

/// Small enough to reach. A field `a: 1` counts for 34 bytes, `cookie: a=1` for 41.
constexpr SectionLimits limits{.bytes = 340, .count = 4, .cookie_bytes = 123, .cookie_count = 3};

std::string fields(std::size_t count, std::string_view name = "a", std::string_view value = "1") {
  std::string block;
  for (std::size_t i = 0; i < count; ++i) append_field(block, name, value);
  return block;
}

std::string receive(FieldReceiver& receiver, std::string_view block) {
  receiver.begin();
  switch (receiver.piece(block, true)) {
    case Outcome::ok:
      break;
    case Outcome::compression_error:
      return "compression_error";
    case Outcome::excessive:
      return "excessive";
  }
  return (receiver.too_large() ? "too large after " : "") + std::to_string(receiver.section().size());
}

std::string receive_alone(std::string_view block, const SectionLimits& bounds = limits) {
  FieldReceiver receiver(bounds);
  return receive(receiver, block);
}

TEST(FieldReceiver, KeepsABlock) {
  FieldReceiver receiver(limits);
  receiver.begin();
  EXPECT_EQ(receiver.piece(from_hex("82 87 84 40 01 61 01 31"), true), Outcome::ok);
  EXPECT_EQ(text_of(receiver.section()), ":method: GET\n:scheme: https\n:path: /\na: 1\n");
  EXPECT_FALSE(receiver.too_large());
}

TEST(FieldReceiver, KeepsABlockInPieces) {
  const std::string block = from_hex("82 40 03 61 62 63 02 31 32 be 87");
  for (std::size_t cut = 0; cut <= block.size(); ++cut) {
    FieldReceiver receiver(limits);
    receiver.begin();
    EXPECT_EQ(receiver.piece(std::string_view(block).substr(0, cut), false), Outcome::ok) << cut;
    EXPECT_EQ(receiver.piece("", false), Outcome::ok) << cut;
    EXPECT_EQ(receiver.piece(std::string_view(block).substr(cut), true), Outcome::ok) << cut;
    EXPECT_EQ(text_of(receiver.section()), ":method: GET\nabc: 12\nabc: 12\n:scheme: https\n") << cut;
  }
}

TEST(FieldReceiver, ABlockThatEndsInAFieldIsAnError) {
  EXPECT_EQ(receive_alone(from_hex("82 40 03 61")), "compression_error");
  EXPECT_EQ(receive_alone(from_hex("be")), "compression_error");
}

TEST(FieldReceiver, CountsFields) {
  EXPECT_EQ(receive_alone(fields(4)), "4");
  EXPECT_EQ(receive_alone(fields(5)), "too large after 4");
  EXPECT_EQ(receive_alone(fields(8)), "too large after 4");
  EXPECT_EQ(receive_alone(fields(9)), "excessive");
}

TEST(FieldReceiver, DoesNotCountPseudoFieldsButTheirBytes) {
  EXPECT_EQ(receive_alone(fields(4, ":m") + fields(4)), "8");
  EXPECT_EQ(receive_alone(fields(9, ":m")), "9");  // 315 bytes
  EXPECT_EQ(receive_alone(fields(10, ":m")), "too large after 9");
  EXPECT_EQ(receive_alone(fields(20, ":m")), "excessive");
}

TEST(FieldReceiver, CountsBytes) {
  const auto sized = [](std::size_t bytes) { return fields(1, "a", std::string(bytes - 33, 'v')); };
  EXPECT_EQ(receive_alone(sized(340)), "1");
  EXPECT_EQ(receive_alone(sized(341)), "too large after 0");
  EXPECT_EQ(receive_alone(sized(306) + fields(1)), "2");
  EXPECT_EQ(receive_alone(sized(307) + fields(1)), "too large after 1");
  EXPECT_EQ(receive_alone(sized(680)), "too large after 0");
  EXPECT_EQ(receive_alone(sized(681)), "excessive");
}

TEST(FieldReceiver, NothingIsKeptAfterTheFirstThatIsTooMuch) {
  FieldReceiver receiver(limits);
  EXPECT_EQ(receive(receiver, fields(1) + fields(1, "b", std::string(400, 'v')) + fields(1)),
            "too large after 1");
  EXPECT_EQ(text_of(receiver.section()), "a: 1\n");
}

TEST(FieldReceiver, CountsCookiesApart) {
  EXPECT_EQ(receive_alone(fields(3, "cookie", "a=1") + fields(4)), "7");
  EXPECT_EQ(receive_alone(fields(4, "cookie", "a=1")), "too large after 3");
  EXPECT_EQ(receive_alone(fields(6, "cookie", "a=1")), "too large after 3");
  EXPECT_EQ(receive_alone(fields(7, "cookie", "a=1")), "excessive");
}

TEST(FieldReceiver, CountsBytesOfCookies) {
  EXPECT_EQ(receive_alone(fields(1, "cookie", std::string(85, 'c'))), "1");  // 123
  EXPECT_EQ(receive_alone(fields(1, "cookie", std::string(86, 'c'))), "too large after 0");
  EXPECT_EQ(receive_alone(fields(1, "cookie", std::string(208, 'c'))), "too large after 0");
  EXPECT_EQ(receive_alone(fields(1, "cookie", std::string(209, 'c'))), "excessive");
}

/// One byte on the wire, 34 of memory each: "HTTP/2 bomb", CVE-2026-49975.
TEST(FieldReceiver, ManyReferencesToOneFieldAreExcessive) {
  EXPECT_EQ(receive_alone(indexed_literal("a", "") + std::string(10'000, '\xbe'), {}), "excessive");
  EXPECT_EQ(receive_alone(indexed_literal("cookie", "") + std::string(10'000, '\xbe'), {}), "excessive");
  EXPECT_EQ(receive_alone(std::string(10'000, '\x82'), {}), "excessive");
}

TEST(FieldReceiver, CountsBytesOnTheWire) {
  // Size updates are no fields; only as many as the wire may have are taken.
  FieldReceiver receiver(limits);
  receiver.begin();
  EXPECT_EQ(receiver.piece(std::string(680, '\x20'), false), Outcome::ok);
  EXPECT_EQ(receiver.piece("\x20", true), Outcome::excessive);
  receiver.begin();
  EXPECT_EQ(receiver.piece(std::string(680, '\x20'), true), Outcome::ok);
}

TEST(FieldReceiver, AnEndlessFieldIsExcessive) {
  FieldReceiver receiver({});
  receiver.begin();
  Outcome outcome = receiver.piece(from_hex("00 01 61 7f 81 ff 03"), false);  // 64 KiB are announced
  std::size_t sent = 7;
  for (; outcome == Outcome::ok; sent += 1024) outcome = receiver.piece(std::string(1024, 'x'), false);
  EXPECT_EQ(outcome, Outcome::excessive);
  EXPECT_LE(sent, 65 * 1024u);
}

TEST(FieldReceiver, TheTableIsRightAfterABlockThatWasTooLarge) {
  FieldReceiver receiver(limits);
  EXPECT_EQ(receive(receiver, fields(5) + indexed_literal("b", "2")), "too large after 4");
  EXPECT_EQ(receive(receiver, from_hex("be")), "1");
  EXPECT_EQ(text_of(receiver.section()), "b: 2\n");
  EXPECT_FALSE(receiver.too_large());
}

TEST(FieldReceiver, ASectionMayBeTakenAway) {
  FieldReceiver receiver(limits);
  EXPECT_EQ(receive(receiver, fields(2)), "2");
  FieldSection taken;
  taken.add("old", "field");
  receiver.section().swap(taken);
  EXPECT_EQ(text_of(taken), "a: 1\na: 1\n");
  EXPECT_EQ(receive(receiver, fields(1, "b")), "1");
  EXPECT_EQ(text_of(taken), "a: 1\na: 1\n");
}

}  // namespace
}  // namespace weir::http2
