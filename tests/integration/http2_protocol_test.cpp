// The rules of HTTP/2 frame by frame, one row a rule: what ends the connection, what ends one stream, and what is
// taken. Sections are those of RFC 9113 where nothing else is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "integration/http2_rig.hpp"

namespace weir::testing {
namespace {

using ::testing::AnyOfArray;
using ::testing::ValuesIn;

/// What stream 1 is when the row's bytes come.
enum class Before { idle, open, half_closed, closed_by_end, closed_by_client };

enum class Wanted {
  taken,       // nothing is wrong
  answered,    // the same, and stream 1 is answered
  stream,      // RST_STREAM on stream 1, and the connection goes on
  connection,  // GOAWAY, then the connection is closed
  either,      // one of the two
};

struct Rule {
  std::string name;
  Before before;
  std::string bytes;
  Wanted wanted;
  std::vector<std::uint32_t> codes;
};

void PrintTo(const Rule& rule, std::ostream* out) {
  *out << rule.name;
}

const std::string eight = "12345678";

std::string headers_frame(const std::string& block, h2::Flags flags = h2::end_headers | h2::end_stream,
                          std::uint32_t stream = 1) {
  return h2::frame(h2::headers, flags, stream, block);
}

std::string get_frame(std::uint32_t stream = 1) {
  return headers_frame(block_of("GET", "/ok"), h2::end_headers | h2::end_stream, stream);
}

std::string data_frame(std::string_view bytes, h2::Flags flags = h2::no_flags, std::uint32_t stream = 1) {
  return h2::frame(h2::data, flags, stream, bytes);
}

/// 4: frames and their sizes; 5.5: extensions.
std::vector<Rule> framing_rules() {
  const std::string large(h2::default_frame_bytes_max + 1, 'x');
  const std::string reserved_bit =
      h2::frame(h2::headers, h2::end_headers | h2::end_stream, 0x8000'0001U, block_of("GET", "/ok"));
  std::vector<Rule> rules = {
      {"UnknownFrame", Before::idle, h2::frame(0xBE, 0xFF, 0, large.substr(1)), Wanted::taken, {}},
      {"UnknownFrameOnAnIdleStream", Before::idle, h2::frame(0xBE, 0, 77, "x"), Wanted::taken, {}},
      {"UnknownFrameOnAnOpenStream", Before::open, h2::frame(0xBE, 0, 1, "x"), Wanted::taken, {}},
      {"UndefinedFlags", Before::idle, h2::frame(h2::ping, 0xFE, 0, eight), Wanted::taken, {}},
      {"ReservedBit", Before::idle, reserved_bit, Wanted::answered, {}},
      {"DataOfTheLargestSize", Before::open, data_frame(large.substr(1)), Wanted::taken, {}},
      {"DataThatIsTooLarge", Before::open, data_frame(large), Wanted::either, {h2::frame_size_error}},
      {"HeadersThatAreTooLarge",
       Before::idle,
       headers_frame(large),
       Wanted::connection,
       {h2::frame_size_error}},
      {"SettingsThatAreTooLarge",
       Before::idle,
       h2::frame(h2::settings, 0, 0, large + large.substr(7)),
       Wanted::connection,
       {h2::frame_size_error}},
      {"PriorityOfFourBytes",
       Before::open,
       h2::frame(h2::priority, 0, 1, "1234"),
       Wanted::either,
       {h2::frame_size_error}},
      {"PriorityOnStreamZero",
       Before::idle,
       h2::frame(h2::priority, 0, 0, "12345"),
       Wanted::connection,
       {h2::protocol_error}},
      {"PriorityIsIgnored",
       Before::open,
       h2::frame(h2::priority, 0, 1, h2::number(3, 4) + "x"),
       Wanted::taken,
       {}},
      {"PriorityOfAnIdleStream",
       Before::idle,
       h2::frame(h2::priority, 0, 9, h2::number(0, 4) + "x"),
       Wanted::taken,
       {}},
      {"PriorityOfAClosedStream",
       Before::closed_by_end,
       h2::frame(h2::priority, 0, 1, h2::number(0, 4) + "x"),
       Wanted::taken,
       {}},
      {"PriorityUpdate", Before::open, h2::priority_update_frame(1, "u=1, i"), Wanted::taken, {}},
      {"PriorityUpdateOfAnIdleStream", Before::idle, h2::priority_update_frame(5, "u=0"), Wanted::taken, {}},
      {"PriorityUpdateThatIsNoList", Before::open, h2::priority_update_frame(1, "u=,,=("), Wanted::taken, {}},
      {"PushPromise",
       Before::open,
       h2::frame(h2::push_promise, h2::end_headers, 1, h2::number(2, 4) + block_of("GET", "/")),
       Wanted::connection,
       {h2::protocol_error}},
  };
  return rules;
}

/// 5.1, 5.1.1, 6.1 to 6.4, 6.9: which frame may come when.
std::vector<Rule> state_rules() {
  const std::string rst = h2::rst_stream_frame(1, h2::cancel), update = h2::window_update_frame(1, 100);
  const std::string piece = h2::frame(h2::continuation, h2::end_headers, 1, block_of("GET", "/ok"));
  const std::vector<std::uint32_t> protocol = {h2::protocol_error}, closed = {h2::stream_closed};
  const std::vector<std::uint32_t> both = {h2::protocol_error, h2::stream_closed};
  std::vector<Rule> rules = {
      {"IdleData", Before::idle, data_frame("x"), Wanted::connection, both},
      {"IdleReset", Before::idle, rst, Wanted::connection, protocol},
      {"IdleWindowUpdate", Before::idle, update, Wanted::connection, protocol},
      {"IdleContinuation", Before::idle, piece, Wanted::connection, protocol},
      {"IdleDataOnAnEvenStream", Before::idle, data_frame("x", 0, 2), Wanted::connection, both},
      {"HalfClosedData", Before::half_closed, data_frame("x"), Wanted::either, closed},
      {"HalfClosedHeaders", Before::half_closed, get_frame(), Wanted::either, closed},
      {"HalfClosedContinuation", Before::half_closed, piece, Wanted::connection, both},
      {"HalfClosedWindowUpdate", Before::half_closed, update, Wanted::taken, {}},
      {"ClosedData", Before::closed_by_end, data_frame("x"), Wanted::either, closed},
      {"ClosedHeaders", Before::closed_by_end, get_frame(), Wanted::connection, both},
      {"ClosedContinuation", Before::closed_by_end, piece, Wanted::connection, both},
      {"ClosedWindowUpdate", Before::closed_by_end, update, Wanted::taken, {}},
      {"ClosedReset", Before::closed_by_end, rst, Wanted::taken, {}},
      {"ResetContinuation", Before::closed_by_client, piece, Wanted::connection, both},
      {"ResetData", Before::closed_by_client, data_frame("x"), Wanted::either, closed},
      {"ResetHeaders", Before::closed_by_client, get_frame(), Wanted::either, closed},
      {"ResetWindowUpdate", Before::closed_by_client, update, Wanted::taken, {}},
      {"EvenId", Before::idle, get_frame(2), Wanted::connection, protocol},
      {"IdZero", Before::idle, get_frame(0), Wanted::connection, protocol},
      {"DecreasingId", Before::idle, get_frame(5) + get_frame(3), Wanted::connection, both},
      {"SkippedIds", Before::idle, get_frame(1) + get_frame(9), Wanted::answered, {}},
      {"DataOnStreamZero", Before::idle, data_frame("x", 0, 0), Wanted::connection, protocol},
      {"ResetOnStreamZero", Before::idle, h2::rst_stream_frame(0, h2::cancel), Wanted::connection, protocol},
      {"ResetOfThreeBytes",
       Before::open,
       h2::frame(h2::rst_stream, 0, 1, "123"),
       Wanted::connection,
       {h2::frame_size_error}},
      {"ResetWithAnUnknownCode", Before::open, h2::rst_stream_frame(1, 0xFF), Wanted::taken, {}},
      {"SecondHeadersWithoutEnd", Before::open, headers_frame(h2::hpack_literal("a", "b"), h2::end_headers),
       Wanted::either, protocol},
      {"Padding", Before::open, data_frame(h2::pad("x", 255), h2::padded), Wanted::taken, {}},
      {"PaddingOnly", Before::open, data_frame(h2::pad("", 0), h2::padded), Wanted::taken, {}},
      {"DataWithTooMuchPadding", Before::open, data_frame("\x06 five", h2::padded), Wanted::connection,
       protocol},
      {"DataWithoutPadLength",
       Before::open,
       data_frame("", h2::padded),
       Wanted::connection,
       {h2::protocol_error, h2::frame_size_error}},
      {"HeadersWithTooMuchPadding", Before::idle,
       headers_frame("\xFF" + block_of("GET", "/ok"), h2::padded | h2::end_headers | h2::end_stream),
       Wanted::connection, protocol},
      {"HeadersWithPadding",
       Before::idle,
       headers_frame(h2::pad(block_of("GET", "/ok"), 9), h2::padded | h2::end_headers | h2::end_stream),
       Wanted::answered,
       {}},
      {"HeadersWithPriority",
       Before::idle,
       headers_frame(h2::number(0x8000'0003U, 4) + "x" + block_of("GET", "/ok"),
                     h2::with_priority | h2::end_headers | h2::end_stream),
       Wanted::answered,
       {}},
      {"HeadersTooShortForTheirPriority",
       Before::idle,
       headers_frame("123", h2::with_priority | h2::end_headers | h2::end_stream),
       Wanted::connection,
       {h2::protocol_error, h2::frame_size_error}},
  };
  return rules;
}

/// 4.3, 6.2, 6.10: nothing comes between the frames of a block.
std::vector<Rule> block_rules() {
  const std::string block = block_of("GET", "/ok");
  const std::string begun = headers_frame(block.substr(0, 10), h2::end_stream);
  const std::string middle = h2::frame(h2::continuation, h2::no_flags, 1, block.substr(10, 10));
  const std::string last = h2::frame(h2::continuation, h2::end_headers, 1, block.substr(20));
  const std::vector<std::uint32_t> protocol = {h2::protocol_error};
  std::vector<Rule> rules = {
      {"Pieces", Before::idle, begun + middle + last, Wanted::answered, {}},
      {"EmptyPieces",
       Before::idle,
       headers_frame("", h2::end_stream) + h2::frame(h2::continuation, 0, 1) +
           h2::frame(h2::continuation, h2::end_headers, 1, block),
       Wanted::answered,
       {}},
      {"DataBetween", Before::idle, begun + data_frame("x") + last, Wanted::connection, protocol},
      {"HeadersBetween", Before::idle, begun + get_frame(3) + last, Wanted::connection, protocol},
      {"PriorityBetween", Before::idle, begun + h2::frame(h2::priority, 0, 1, "12345") + last,
       Wanted::connection, protocol},
      {"PingBetween", Before::idle, begun + h2::ping_frame(eight) + last, Wanted::connection, protocol},
      {"UnknownFrameBetween", Before::idle, begun + h2::frame(0xBE, 0, 0, "x") + last, Wanted::connection,
       protocol},
      {"ContinuationOfAnotherStream", Before::idle,
       begun + h2::frame(h2::continuation, h2::end_headers, 3, block.substr(10)), Wanted::connection,
       protocol},
      {"ContinuationOnStreamZero", Before::idle,
       begun + h2::frame(h2::continuation, h2::end_headers, 0, block.substr(10)), Wanted::connection,
       protocol},
      {"ContinuationAfterTheEnd",
       Before::idle,
       begun + middle + last + last,
       Wanted::connection,
       {h2::protocol_error, h2::stream_closed}},
      {"ContinuationAfterData", Before::open, data_frame("x") + last, Wanted::connection, protocol},
  };
  return rules;
}

/// 6.5, 6.7, 6.8, 6.9: frames about the connection.
std::vector<Rule> connection_rules() {
  const auto setting = [](std::uint16_t id, std::uint32_t value) {
    return h2::settings_frame({{id, value}});
  };
  const std::string overflow = h2::window_update_frame(0, 0x7FFF'FFFF);
  const std::string stream_overflow = h2::window_update_frame(1, 0x7FFF'FFFF);
  const std::vector<std::uint32_t> protocol = {h2::protocol_error}, size = {h2::frame_size_error};
  const std::vector<std::uint32_t> flow = {h2::flow_control_error};
  std::vector<Rule> rules = {
      {"SettingsAckWithPayload", Before::idle, h2::frame(h2::settings, h2::ack, 0, "123456"),
       Wanted::connection, size},
      {"SettingsOnAStream", Before::open, h2::frame(h2::settings, 0, 1), Wanted::connection, protocol},
      {"SettingsOfFiveBytes", Before::idle, h2::frame(h2::settings, 0, 0, "12345"), Wanted::connection, size},
      {"EnablePushOfTwo", Before::idle, setting(h2::enable_push, 2), Wanted::connection, protocol},
      {"EnablePush", Before::idle, setting(h2::enable_push, 1), Wanted::taken, {}},
      {"InitialWindowTooLarge", Before::idle, setting(h2::initial_window_size, 0x8000'0000U),
       Wanted::connection, flow},
      {"FrameSizeTooSmall", Before::idle, setting(h2::max_frame_size, 16'383), Wanted::connection, protocol},
      {"FrameSizeTooLarge", Before::idle, setting(h2::max_frame_size, 0x100'0000), Wanted::connection,
       protocol},
      {"LargestFrameSize", Before::idle, setting(h2::max_frame_size, 0xFF'FFFF), Wanted::taken, {}},
      {"UnknownSetting", Before::idle, setting(0xFF, 1), Wanted::taken, {}},
      {"HeaderTableOfAnySize", Before::idle, setting(h2::header_table_size, 0xFFFF'FFFFU), Wanted::taken, {}},
      {"NoHeaderTable", Before::idle, setting(h2::header_table_size, 0), Wanted::taken, {}},
      {"PingOfSevenBytes", Before::idle, h2::frame(h2::ping, 0, 0, "1234567"), Wanted::connection, size},
      {"PingOnAStream", Before::open, h2::frame(h2::ping, 0, 1, eight), Wanted::connection, protocol},
      {"PingAckThatNobodyAskedFor", Before::idle, h2::ping_frame(eight, true), Wanted::taken, {}},
      {"GoawayOnAStream", Before::open, h2::frame(h2::goaway, 0, 1, eight), Wanted::connection, protocol},
      {"GoawayOfSevenBytes", Before::idle, h2::frame(h2::goaway, 0, 0, "1234567"), Wanted::connection, size},
      {"WindowUpdateOfThreeBytes", Before::idle, h2::frame(h2::window_update, 0, 0, "123"),
       Wanted::connection, size},
      {"WindowUpdateOfZero", Before::idle, h2::window_update_frame(0, 0), Wanted::connection, protocol},
      {"StreamWindowUpdateOfZero", Before::open, h2::window_update_frame(1, 0), Wanted::stream, protocol},
      {"WindowUpdatePastTheEnd", Before::idle, overflow, Wanted::connection, flow},
      {"StreamWindowUpdatePastTheEnd", Before::open, stream_overflow, Wanted::stream, flow},
      {"InitialWindowThatLiftsAStreamPastTheEnd", Before::open,
       h2::window_update_frame(1, 0x7FFF'0000) + setting(h2::initial_window_size, 0x7FFF'FFFF),
       Wanted::connection, flow},
  };
  return rules;
}

/// RFC 7541 2.3.3, 4.2, 5.2, 6.1, 6.3. The name is `x-test`, and the value begins as `test` does, in Huffman's code.
std::vector<Rule> hpack_rules() {
  const std::string block = block_of("GET", "/ok");
  const auto name = [](std::string_view value) {
    return std::string("\0\x85\xF2\xB2\x4A\x84\xFF", 7) + std::string(value);
  };
  const std::vector<std::uint32_t> compression = {h2::compression_error};
  const auto wrong = [&](const std::string& rule, const std::string& bytes) {
    return Rule{rule, Before::idle, headers_frame(bytes), Wanted::connection, compression};
  };
  const std::string fits = h2::hpack_table_size(0) + h2::hpack_table_size(4096) + block;
  std::vector<Rule> rules = {
      wrong("IndexPastTheTables", block + h2::hpack_indexed(70)),
      wrong("IndexZero", block + h2::hpack_indexed(0)),
      wrong("NameIndexPastTheTables", block + h2::hpack_literal(70, "x")),
      wrong("TableLargerThanAllowed", h2::hpack_table_size(4097) + block),
      wrong("TableSizeAtTheEnd", block + h2::hpack_table_size(0)),
      wrong("HuffmanWithAByteOfPadding", block + name("\x84\x49\x50\x9F\xFF")),
      wrong("HuffmanPaddedWithZeros", block + name("\x83\x49\x50\x90")),
      wrong("HuffmanWithEndOfString", block + name("\x85\x49\xFF\xFF\xFF\xFF")),
      wrong("StringThatDoesNotEnd", block + std::string("\0\x40", 2) + "abc"),
      wrong("IntegerThatDoesNotEnd", block + std::string(12, '\xFF')),
      {"TableSizesAtTheBegin", Before::idle, headers_frame(fits), Wanted::answered, {}},
      {"HuffmanThatIsWhole",
       Before::idle,
       headers_frame(block + name("\x83\x49\x50\x9F")),
       Wanted::answered,
       {}},
  };
  return rules;
}

/// 8.1.1, 8.2, 8.3: requests that are malformed. The connection goes on.
std::vector<Rule> message_rules() {
  const auto get = [](const h2::FieldLines& lines) { return headers_frame(h2::hpack_block(lines)); };
  const auto with = [](const std::string& name, const std::string& value) {
    return headers_frame(block_of("GET", "/ok", {{name, value}}));
  };
  const auto posted = [](const std::string& length, const std::string& rest) {
    return headers_frame(block_of("POST", "/echo", {{"content-length", length}}), h2::end_headers) + rest;
  };
  const std::string trailing_pseudo =
      headers_frame(h2::hpack_literal(":method", "GET"), h2::end_headers | h2::end_stream);
  const std::vector<std::pair<std::string, std::string>> bytes = {
      {"UpperCase", with("X-Test", "a")},
      {"UnknownPseudoField", with(":test", "a")},
      {"PseudoFieldOfResponses", with(":status", "200")},
      {"PseudoFieldBehindOthers",
       get({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {"x", "y"}, {":path", "/ok"}})},
      {"PseudoFieldInTrailers", posted("0", trailing_pseudo)},
      {"FieldOfTheConnection", with("connection", "keep-alive")},
      {"TransferEncoding", with("transfer-encoding", "chunked")},
      {"OtherThanTrailersInTe", with("te", "gzip")},
      {"EmptyPath", headers_frame(block_of("GET", ""))},
      {"NoMethod", get({{":scheme", "http"}, {":authority", "a"}, {":path", "/ok"}})},
      {"NoScheme", get({{":method", "GET"}, {":authority", "a"}, {":path", "/ok"}})},
      {"NoPath", get({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}})},
      {"TwoMethods", headers_frame(h2::hpack_literal(":method", "GET") + block_of("GET", "/ok"))},
      {"TwoPaths", headers_frame(h2::hpack_literal(":path", "/ok") + block_of("GET", "/ok"))},
      {"LessThanItsLength", posted("5", data_frame("four", h2::end_stream))},
      {"MoreThanItsLength", posted("5", data_frame("sixsix", h2::end_stream))},
      {"MoreThanItsLengthInTwoFrames", posted("5", data_frame("four") + data_frame("sixsix"))},
      {"LengthWithoutABody", headers_frame(block_of("POST", "/echo", {{"content-length", "5"}}))},
      {"LessThanItsLengthBeforeTrailers",
       posted("5", data_frame("four") + headers_frame(h2::hpack_literal("a", "b")))},
      {"TwoLengths",
       headers_frame(block_of("POST", "/echo", {{"content-length", "1"}, {"content-length", "2"}}),
                     h2::end_headers)},
      {"LineFeedInAValue", with("x-test", "a\nb")},
      {"SpaceBeforeAValue", with("x-test", " a")},
  };
  std::vector<Rule> rules;
  for (const auto& [name, sent] : bytes) {
    rules.push_back({name, Before::idle, sent, Wanted::stream, {h2::protocol_error}});
  }
  return rules;
}

class Http2Rules : public Http2Rig, public ::testing::WithParamInterface<Rule> {
 protected:
  Http2Rules() { start(); }

  static void reach(Before before, Http2Client& client) {
    if (before == Before::open) client.start_request(client.fields_of("POST", "/hang"), false);
    if (before == Before::half_closed) client.start_get("/hang");
    if (before == Before::closed_by_end) client.get("/ok");
    if (before == Before::closed_by_client) client.reset(client.start_get("/hang"));
    client.round_trip();
  }

  /// Neither RST_STREAM nor GOAWAY has to come by itself: the one or the other is waited for.
  static void expect_error(Http2Client& client, const Rule& rule) {
    client.wait_until("an error is reported",
                      [&] { return client.response(1).reset || !client.goaways().empty(); });
    const bool ends = !client.goaways().empty();
    const std::uint32_t code = ends ? client.goaways()[0].code : *client.response(1).reset;
    EXPECT_THAT(code, AnyOfArray(rule.codes));
    EXPECT_TRUE(rule.wanted == Wanted::either || ends == (rule.wanted == Wanted::connection));
    client.set_next_stream(101);
    if (ends) {
      client.wait_close();
    } else {
      expect_alive(client);
    }
  }
};

TEST_P(Http2Rules, AreKept) {
  const Rule& rule = GetParam();
  Http2Client client = this->client();
  client.wait_settings_ack();
  reach(rule.before, client);
  client.send(rule.bytes);
  if (rule.wanted > Wanted::answered) return expect_error(client, rule);
  if (rule.wanted == Wanted::answered) {
    EXPECT_EQ(client.wait_end(1).body, "ok");
  }
  client.set_next_stream(101);
  expect_alive(client);
  EXPECT_FALSE(client.response(1).reset) << client.transcript();
}

std::string rule_name(const ::testing::TestParamInfo<Rule>& row) {
  return row.param.name;
}

INSTANTIATE_TEST_SUITE_P(Framing, Http2Rules, ValuesIn(framing_rules()), rule_name);
INSTANTIATE_TEST_SUITE_P(States, Http2Rules, ValuesIn(state_rules()), rule_name);
INSTANTIATE_TEST_SUITE_P(Blocks, Http2Rules, ValuesIn(block_rules()), rule_name);
INSTANTIATE_TEST_SUITE_P(Connection, Http2Rules, ValuesIn(connection_rules()), rule_name);
INSTANTIATE_TEST_SUITE_P(Hpack, Http2Rules, ValuesIn(hpack_rules()), rule_name);
INSTANTIATE_TEST_SUITE_P(Messages, Http2Rules, ValuesIn(message_rules()), rule_name);

class Http2Opening : public Http2Rig {
 protected:
  Http2Opening() { start(); }

  Http2Client silent_client() const {
    Http2Options options;
    options.start = false;
    return client(std::move(options));
  }
};

TEST_F(Http2Opening, SettingsAreSentAndAcknowledged) {
  Http2Client client = this->client();
  client.wait_settings_ack();
  EXPECT_EQ(client.setting(h2::max_concurrent_streams), 100U);
  EXPECT_EQ(client.setting(h2::initial_window_size), 65'536U);
  EXPECT_EQ(client.setting(h2::enable_connect_protocol), 1U);
  EXPECT_EQ(client.setting(h2::no_rfc7540_priorities), 1U);
  EXPECT_GE(client.setting(h2::max_header_list_size).value_or(0), 32U * 1024);
  client.wait_until("the connection's window is open",
                    [&] { return client.connection_send_window() == 256 * 1024; });
}

TEST_F(Http2Opening, APrefaceMayComeByteByByte) {
  Http2Client client = silent_client();
  const std::string opening = std::string(h2::preface) + h2::settings_frame({}) + get_frame();
  client.connection().send_bytewise(opening);
  EXPECT_EQ(client.wait_end(1).body, "ok");
}

TEST_F(Http2Opening, RequestsMayComeWithThePreface) {
  Http2Client client = silent_client();
  client.send(std::string(h2::preface) + h2::settings_frame({}) + get_frame(1) + get_frame(3));
  EXPECT_EQ(client.wait_end(1).status, 200);
  EXPECT_EQ(client.wait_end(3).status, 200);
}

TEST_F(Http2Opening, APrefaceWithoutSettingsIsAnError) {
  Http2Client client = silent_client();
  client.send(std::string(h2::preface) + get_frame());
  EXPECT_EQ(client.wait_goaway().code, h2::protocol_error);
  client.wait_close();
  EXPECT_EQ(endpoint_.request_count(), 0U);
}

TEST_F(Http2Opening, AnAcknowledgementDoesNotStandForSettings) {
  Http2Client client = silent_client();
  client.send(std::string(h2::preface) + h2::frame(h2::settings, h2::ack, 0) + get_frame());
  EXPECT_EQ(client.wait_goaway().code, h2::protocol_error);
  client.wait_close();
}

/// What is like the preface and is not: of HTTP/1 there is no version 2 either.
TEST_F(Http2Opening, AWrongPrefaceIsNotServed) {
  RawClient client = weir_->connect();
  client.send("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n");
  client.read_to_end();
  EXPECT_EQ(endpoint_.request_count(), 0U);
}

TEST_F(Http2Opening, PingIsAnsweredWithItsPayload) {
  Http2Client client = this->client();
  const std::string payload = "\x01\x02wxyz\xFF\xFE";
  client.send(h2::ping_frame(payload));
  client.wait_ping_ack(payload);
}

TEST_F(Http2Opening, EverySettingsFrameIsAcknowledged) {
  Http2Client client = this->client();
  for (int i = 0; i < 5; ++i) client.send_settings({{h2::initial_window_size, 70'000}});
  client.wait_settings_ack(6);
  expect_alive(client);
}

TEST_F(Http2Opening, AfterGoawayOfTheClientRunningStreamsEndWell) {
  Http2Client client = this->client();
  const std::uint32_t stream = client.start_get("/gate");
  endpoint_.wait_for_requests(1);
  client.send(h2::goaway_frame(0, 0xFFFF));  // with a code that nobody knows
  client.round_trip();
  gate_->open();
  EXPECT_EQ(client.wait_end(stream).body, "through");
  client.wait_close();
}

/// The table of the connection is kept in step by blocks of requests that are refused.
TEST_F(Http2Opening, BlocksOfRefusedRequestsCountForTheTable) {
  Http2Client client = this->client();
  const std::string stored = h2::hpack_stored("x-kept", "value");
  const std::uint32_t malformed = client.start_block(block_of("GET", "/no", {{"Upper", "case"}}) + stored);
  EXPECT_EQ(client.wait_reset(malformed), h2::protocol_error);
  const std::uint32_t stream = client.start_block(block_of("GET", "/ok") + h2::hpack_indexed(62));
  EXPECT_EQ(client.wait_end(stream).status, 200);
  EXPECT_EQ(endpoint_.request(0).fields.get("x-kept"), "value");
}

class Http2Streams : public Http2Rig {};

TEST_F(Http2Streams, PastTheLimitAreRefused) {
  start("limits: { concurrent_streams: 3 }");
  Http2Client client = this->client();
  for (int i = 0; i < 3; ++i) client.start_get("/gate");
  client.wait_settings();
  EXPECT_EQ(client.setting(h2::max_concurrent_streams), 3U);
  EXPECT_EQ(client.wait_reset(client.start_get("/ok")), h2::refused_stream);
  EXPECT_EQ(weir_->metric("weir_http2_streams_rejected_total", "reason=\"concurrent_streams\""), 1);
  gate_->open();
  for (const std::uint32_t stream : {1U, 3U, 5U}) EXPECT_EQ(client.wait_end(stream).body, "through");
  expect_alive(client);
}

}  // namespace
}  // namespace weir::testing
