#include "http1/chunked.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::http1 {
namespace {

using namespace std::string_literals;

/// What the decoder makes of all of `input`: `data|trailers|rest` when the message ends, `incomplete data`,
/// or the name of the error.
std::string decoded(std::string_view input, Origin origin = Origin::client) {
  ChunkedDecoder decoder;
  std::string data;
  while (true) {
    const auto step = decoder.decode(input, origin);
    if (!step) return std::string(facts(step.error().kind).name);
    data += step->data;
    input.remove_prefix(step->consumed);
    EXPECT_EQ(step->finished, decoder.finished());
    if (step->finished) return data + "|" + decoder.trailers() + "|" + std::string(input);
    if (input.empty()) return "incomplete " + data;
  }
}

struct ChunkedCase {
  const char* name;
  std::string input;
  std::string expected;
};

constexpr const char* bad = "malformed_request";

std::string trailer_lines(std::size_t count) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) lines += "A: b\r\n";
  return lines;
}

TEST(ChunkedDecoder, Accepts) {
  const ChunkedCase cases[] = {
      {"empty body", "0\r\n\r\n", "||"},
      {"one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello||"},
      {"several chunks", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef||"},
      {"hexadecimal in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
       "01234567890123456789||"},
      {"leading zeros", "0005\r\nhello\r\n000\r\n\r\n", "hello||"},
      {"sixteen digits", "0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello||"},
      {"data that looks like chunks", "7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n", "0\r\n\r\n0\r||"},
      {"extension", "5;a\r\nhello\r\n0\r\n\r\n", "hello||"},
      {"extension with value", "5;a=b\r\nhello\r\n0;c=\"d e\"\r\n\r\n", "hello||"},
      {"whitespace around an extension", "5 ; a = b\r\nhello\r\n0\t;c\r\n\r\n", "hello||"},
      {"extension with obs-text", "5;a=\xff\r\nhello\r\n0\r\n\r\n", "hello||"},
      {"extension of 256 bytes", "1;" + std::string(255, 'a') + "\r\nx\r\n0\r\n\r\n", "x||"},
      {"trailer", "0\r\nA: b\r\n\r\n", "|A: b\r\n|"},
      {"trailers", "1\r\nx\r\n0\r\nA: b\r\nC:d\r\n\r\n", "x|A: b\r\nC:d\r\n|"},
      {"trailer with an empty value", "0\r\nA:\r\n\r\n", "|A:\r\n|"},
      {"32 trailers", "0\r\n" + trailer_lines(32) + "\r\n", "|" + trailer_lines(32) + "|"},
      {"next message behind", "0\r\n\r\nGET / HTTP/1.1\r\n", "||GET / HTTP/1.1\r\n"},
      {"size announced, nothing yet", "7fffffffffffffff\r\n", "incomplete "},
      {"a size that no body can have", "8000000000000000", bad},
      {"the largest of 64 bits", "ffffffffffffffff\r\n", bad},
      {"half a chunk", "5\r\nhel", "incomplete hel"},
      {"half a size", "5", "incomplete "},
      {"last chunk without end", "0\r\n", "incomplete "},
      {"nothing", "", "incomplete "},
  };
  for (const ChunkedCase& chunked_case : cases) {
    EXPECT_EQ(decoded(chunked_case.input), chunked_case.expected) << chunked_case.name;
  }
}

TEST(ChunkedDecoder, RefusesSizes) {
  const ChunkedCase cases[] = {
      {"seventeen digits", "00000000000000005\r\n", bad},
      {"overflow", "10000000000000000\r\n", bad},
      {"no size", "\r\nhello", bad},
      {"only an extension", ";a\r\n", bad},
      {"space before", " 5\r\nhello\r\n", bad},
      {"tab before", "\t5\r\nhello\r\n", bad},
      {"space after", "5 \r\nhello\r\n", bad},
      {"junk after a space", "5 a\r\nhello\r\n", bad},
      {"prefix 0x", "0x5\r\nhello\r\n", bad},
      {"plus", "+5\r\nhello\r\n", bad},
      {"minus", "-5\r\nhello\r\n", bad},
      {"underscore", "1_0\r\n", bad},
      {"not hexadecimal", "5g\r\n", bad},
      {"letters", "size\r\n", bad},
      {"quoted", "\"5\"\r\n", bad},
      {"comma", "5,a\r\n", bad},
      {"empty line before", "\r\n5\r\nhello\r\n", bad},
      {"NUL", "5\0\r\n"s, bad},
      {"obs-text", "5\xa0\r\n", bad},
  };
  for (const ChunkedCase& chunked_case : cases) {
    EXPECT_EQ(decoded(chunked_case.input), chunked_case.expected) << chunked_case.name;
  }
}

TEST(ChunkedDecoder, RefusesLineEnds) {
  const ChunkedCase cases[] = {
      {"bare LF after the size", "5\nhello\r\n0\r\n\r\n", bad},
      {"bare CR after the size", "5\rhello\r\n", bad},
      {"CR CR LF after the size", "5\r\r\nhello\r\n", bad},
      {"bare LF in an extension", "5;a\nhello\r\n0\r\n\r\n", bad},
      {"bare LF in a quoted extension", "5;a=\"\n\"\r\nhello\r\n", bad},
      {"bare CR in an extension", "5;a\rb\r\nhello\r\n", bad},
      {"bare LF after the data", "5\r\nhello\n0\r\n\r\n", bad},
      {"bare CR after the data", "5\r\nhello\r0\r\n\r\n", bad},
      {"data longer than the size", "5\r\nhello!\r\n0\r\n\r\n", bad},
      {"data shorter than the size", "6\r\nhello\r\n0\r\n\r\n", bad},
      {"no line end after the data", "5\r\nhello0\r\n\r\n", bad},
      {"bare LF after the last chunk", "0\n\n", bad},
      {"bare LF ends the message", "0\r\n\n", bad},
      {"bare CR ends the message", "0\r\n\rX", bad},
  };
  for (const ChunkedCase& chunked_case : cases) {
    EXPECT_EQ(decoded(chunked_case.input), chunked_case.expected) << chunked_case.name;
  }
}

TEST(ChunkedDecoder, RefusesExtensionsAndTrailers) {
  const ChunkedCase cases[] = {
      {"extension of 257 bytes", "1;" + std::string(256, 'a') + "\r\nx\r\n0\r\n\r\n", bad},
      {"endless extension", "1;" + std::string(100000, 'a'), bad},
      {"endless whitespace", "1" + std::string(300, ' '), bad},
      {"NUL in an extension", "1;\0\r\n"s, bad},
      {"DEL in an extension", "1;\x7f\r\n", bad},
      {"trailer without colon", "0\r\nA\r\n\r\n", bad},
      {"trailer without name", "0\r\n: b\r\n\r\n", bad},
      {"trailer with a space before the colon", "0\r\nA : b\r\n\r\n", bad},
      {"trailer with a space in the name", "0\r\nA B: c\r\n\r\n", bad},
      {"folded trailer", "0\r\nA: b\r\n c\r\n\r\n", bad},
      {"whitespace as the first trailer", "0\r\n A: b\r\n\r\n", bad},
      {"bare LF in a trailer", "0\r\nA: b\nC: d\r\n\r\n", bad},
      {"bare CR in a trailer", "0\r\nA: b\rC: d\r\n\r\n", bad},
      {"NUL in a trailer", "0\r\nA: \0\r\n\r\n"s, bad},
      {"a request where trailers are", "0\r\nGET / HTTP/1.1\r\n\r\n", bad},
      {"33 trailers", "0\r\n" + trailer_lines(33) + "\r\n", bad},
      {"trailers past 8 KiB", "0\r\nA: " + std::string(8 * 1024, 'b') + "\r\n\r\n", bad},
      {"endless trailer", "0\r\n" + std::string(100000, 'a'), bad},
  };
  for (const ChunkedCase& chunked_case : cases) {
    EXPECT_EQ(decoded(chunked_case.input), chunked_case.expected) << chunked_case.name;
  }
}

TEST(ChunkedDecoder, ExtensionBoundIsPerChunk) {
  const std::string chunk = "1;" + std::string(200, 'a') + "\r\nx\r\n";
  EXPECT_EQ(decoded(chunk + chunk + chunk + "0\r\n\r\n"), "xxx||");
}

TEST(ChunkedDecoder, ErrorsKnowWhoseMessageItIs) {
  EXPECT_EQ(decoded("x", Origin::client), "malformed_request");
  EXPECT_EQ(decoded("x", Origin::upstream), "response_malformed");
  ChunkedDecoder decoder;
  const auto step = decoder.decode("x", Origin::upstream);
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().origin, Origin::upstream);
}

TEST(ChunkedDecoder, AnErrorIsFinal) {
  ChunkedDecoder decoder;
  EXPECT_FALSE(decoder.decode("x", Origin::client));
  EXPECT_FALSE(decoder.decode("0\r\n\r\n", Origin::client));
  EXPECT_FALSE(decoder.finished());
}

TEST(ChunkedDecoder, ConsumesNothingAfterTheEnd) {
  ChunkedDecoder decoder;
  ASSERT_TRUE(decoder.decode("0\r\n\r\n", Origin::client));
  const auto step = decoder.decode("0\r\n\r\n", Origin::client);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->consumed, 0u);
  EXPECT_TRUE(step->finished);
}

TEST(ChunkedDecoder, DataIsAViewIntoTheInput) {
  const std::string input = "5\r\nhello\r\n";
  ChunkedDecoder decoder;
  const auto step = decoder.decode(input, Origin::client);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->data.data(), input.data() + 3);
  EXPECT_EQ(step->consumed, 8u);
}

TEST(ChunkSize, IsHexadecimalWithItsLineEnd) {
  char out[20];
  EXPECT_EQ(std::string(out, write_chunk_size(1, out)), "1\r\n");
  EXPECT_EQ(std::string(out, write_chunk_size(0x4000, out)), "4000\r\n");
  EXPECT_EQ(std::string(out, write_chunk_size(UINT64_MAX, out)), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace weir::http1
