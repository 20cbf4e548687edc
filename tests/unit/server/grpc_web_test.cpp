// Bodies of gRPC-Web on their way, between a source and a sink that a test holds: requests in base64, and responses
// whose trailers become their last frame. And where a gRPC response may be cut.
#include "server/grpc_web.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "core/task.hpp"
#include "server/grpc_body.hpp"
#include "server/grpc_fields.hpp"

namespace weir::server {
namespace {

using ::testing::ElementsAre;

std::string_view text_of(const iovec& run) {
  return {static_cast<const char*>(run.iov_base), run.iov_len};
}

/// Hands out batches as a test made them: each a list of runs.
class Batches final : public relay::BodySource {
 public:
  void add(std::vector<std::string> runs) { batches_.push_back(std::move(runs)); }
  void set_trailers(std::string lines) { trailers_ = std::move(lines); }
  void fail() { fails_ = true; }

  Result<void> take(relay::BodyBatch& batch) override {
    if (!batches_.empty()) {
      taken_ = std::move(batches_.front());
      batches_.pop_front();
      for (std::string& run : taken_) batch.add(run);
    }
    if (fails_) return upstream_error(ErrorKind::response_malformed, "bad");
    if (batches_.empty()) batch.end(trailers_);
    return {};
  }
  bool finished() const override { return batches_.empty(); }
  bool has_more() const override { return !batches_.empty(); }
  bool try_read(io::IoResult&) override { return false; }
  Task<io::IoResult> wait(TimePoint) override { co_return io::IoResult{}; }
  Result<void> end_of_stream() override { return {}; }
  std::string_view trailers() const override { return trailers_; }

 private:
  std::deque<std::vector<std::string>> batches_;
  std::vector<std::string> taken_;
  std::string trailers_;
  bool fails_ = false;
};

/// Takes what it gets, or says that it must wait.
class Taken final : public relay::BodySink {
 public:
  bool try_write(relay::BodyBatch& batch, io::IoResult& result) override {
    head += batch.head();
    for (const iovec& run : batch.runs()) bytes += text_of(run);
    runs = batch.runs().size();
    ended = batch.ended();
    trailers = batch.trailers();
    result.bytes = batch.data_bytes();
    return !must_wait;
  }
  Task<relay::PacedWrite> write_rest(relay::WriteBounds) override {
    ++waits;
    co_return relay::PacedWrite{};
  }
  io::IoStatus aborted() const override { return io::IoStatus::ok; }
  void finish() override {}
  void abort(io::IoStatus) override {}
  io::Reactor& reactor() const override { std::abort(); }

  std::string head, bytes, trailers;
  std::size_t runs = 0;
  bool ended = false, must_wait = false;
  int waits = 0;
};

/// What `source` hands out, batch by batch.
std::vector<std::string> all_of(relay::BodySource& source) {
  std::vector<std::string> batches;
  relay::BodyBatch batch;
  do {
    batch.begin({});
    if (!source.take(batch)) {
      batches.emplace_back("error");
      return batches;
    }
    std::string& bytes = batches.emplace_back();
    for (const iovec& run : batch.runs()) bytes += text_of(run);
  } while (!batch.ended());
  return batches;
}

TEST(GrpcWebSource, DecodesWhereverTheBodyIsCut) {
  Batches coded;
  coded.add({"AAAA", "AAVoZ"});  // 00 00 00 00 05 'h' ...
  coded.add({"W"});
  coded.add({"xs", "bw=="});
  GrpcWebSource source(coded);
  const std::string message("\0\0\0\0\x05hello", 10);
  std::string decoded;
  for (const std::string& batch : all_of(source)) decoded += batch;
  EXPECT_EQ(decoded, message);
}

TEST(GrpcWebSource, RefusesWhatIsNoBase64) {
  Batches coded;
  coded.add({"AA*A"});
  GrpcWebSource source(coded);
  EXPECT_THAT(all_of(source), ElementsAre("error"));
}

TEST(GrpcWebSource, RefusesATextThatStopsWithinAGroup) {
  Batches coded;
  coded.add({"AAAAA"});
  GrpcWebSource source(coded);
  EXPECT_THAT(all_of(source), ElementsAre("error"));
}

Detached write_rest(relay::BodySink& sink) {
  const relay::WriteBounds bounds;
  (void)co_await sink.write_rest(bounds);
}

class GrpcWebSinkTest : public ::testing::Test {
 protected:
  bool write(GrpcWebSink& sink, const std::vector<std::string>& runs, std::string_view head = {}) {
    batch_.begin(head);
    for (const std::string& run : runs) batch_.add(run);
    return sink.try_write(batch_, result_);
  }
  bool end(GrpcWebSink& sink, const std::vector<std::string>& runs, std::string_view trailers) {
    batch_.begin({});
    for (const std::string& run : runs) batch_.add(run);
    batch_.end(trailers);
    return sink.try_write(batch_, result_);
  }

  Taken taken_;
  relay::BodyBatch batch_;
  io::IoResult result_;
};

constexpr std::string_view trailers = "grpc-status: 0\r\n";

/// The frame is at the end of `bytes`, whichever way its lines are written.
void expect_trailers_frame(const std::string& bytes) {
  ASSERT_GE(bytes.size(), 5U);
  EXPECT_EQ(static_cast<unsigned char>(bytes[0]), 0x80);
  EXPECT_EQ(static_cast<std::size_t>(static_cast<unsigned char>(bytes[4])), bytes.size() - 5);
  EXPECT_THAT(bytes, ::testing::HasSubstr("grpc-status:"));
}

TEST_F(GrpcWebSinkTest, BytesPassAndTrailersAreTheLastFrame) {
  GrpcWebSink sink(taken_, grpc::Web::binary);
  EXPECT_TRUE(write(sink, {"one", "two"}, "head"));
  EXPECT_EQ(taken_.head, "head");
  EXPECT_EQ(taken_.bytes, "onetwo");
  EXPECT_FALSE(taken_.ended);
  taken_.bytes.clear();
  EXPECT_TRUE(end(sink, {}, trailers));
  expect_trailers_frame(taken_.bytes);
  EXPECT_TRUE(taken_.ended);
  EXPECT_TRUE(taken_.trailers.empty());
}

TEST_F(GrpcWebSinkTest, AFullBatchHasRoomForTheFrame) {
  GrpcWebSink sink(taken_, grpc::Web::binary);
  const std::vector<std::string> runs(relay::BodyBatch::runs_max, "ab");
  EXPECT_TRUE(end(sink, runs, trailers));
  EXPECT_EQ(taken_.runs, relay::BodyBatch::runs_max);
  const std::size_t body = 2 * relay::BodyBatch::runs_max;
  std::string all;
  for (const std::string& run : runs) all += run;
  EXPECT_EQ(taken_.bytes.substr(0, body), all);
  expect_trailers_frame(taken_.bytes.substr(body));
}

TEST_F(GrpcWebSinkTest, EachBatchOfTextIsReadableAsItIs) {
  GrpcWebSink sink(taken_, grpc::Web::text);
  EXPECT_TRUE(write(sink, {"a"}, "head"));
  EXPECT_EQ(taken_.bytes, "YQ==");
  EXPECT_TRUE(write(sink, {"b", "cd"}));
  EXPECT_EQ(taken_.bytes, "YQ==YmNk");
  EXPECT_TRUE(write(sink, {}, {}));
  EXPECT_EQ(taken_.bytes, "YQ==YmNk");
  taken_.bytes.clear();
  EXPECT_TRUE(end(sink, {}, trailers));
  EXPECT_TRUE(taken_.bytes.starts_with("gAAAA")) << taken_.bytes;
  EXPECT_EQ(taken_.bytes.size() % 4, 0U);
}

TEST_F(GrpcWebSinkTest, WhatMustWaitIsWrittenByTheSinkWithin) {
  GrpcWebSink sink(taken_, grpc::Web::text);
  taken_.must_wait = true;
  EXPECT_FALSE(write(sink, {"abc"}));
  write_rest(sink);
  EXPECT_EQ(taken_.waits, 1);
}

struct KindCase {
  const char* content_type;
  const char* accept;
  grpc::Web request, response;
  const char* request_type;
  const char* response_type;
};

TEST(GrpcWebCall, TheKindOfTheResponseIsWhatTheClientAccepts) {
  const KindCase cases[] = {
      {"application/grpc-web", "", grpc::Web::binary, grpc::Web::binary, "application/grpc",
       "application/grpc-web"},
      {"application/grpc-web+proto", "*/*", grpc::Web::binary, grpc::Web::binary, "application/grpc+proto",
       "application/grpc-web+proto"},
      {"application/grpc-web-text+proto", "application/grpc-web-text", grpc::Web::text, grpc::Web::text,
       "application/grpc+proto", "application/grpc-web-text+proto"},
      {"application/grpc-web-text", "", grpc::Web::text, grpc::Web::text, "application/grpc",
       "application/grpc-web-text"},
      {"application/grpc-web", "text/plain, application/grpc-web-text", grpc::Web::binary, grpc::Web::text,
       "application/grpc", "application/grpc-web-text"},
  };
  for (const KindCase& each : cases) {
    const grpc::Web kind = grpc::web_kind(each.content_type);
    const GrpcWebCall call(each.content_type, kind, each.accept);
    EXPECT_EQ(call.request, each.request) << each.content_type;
    EXPECT_EQ(call.response, each.response) << each.content_type;
    EXPECT_EQ(call.request_type, each.request_type);
    EXPECT_EQ(call.response_type, each.response_type);
  }
}

TEST(GrpcWebCall, TheHeadHasTheClientsContentType) {
  GrpcWebCall call("application/grpc-web+proto", grpc::Web::binary, {});
  http::ResponseHead head;
  head.status = 200;
  head.fields = {{http::FieldId::content_type, "Content-Type", "application/grpc+proto", true},
                 {http::FieldId::unknown, "grpc-status", "0", true}};
  const http::ResponseHead& translated = call.translate(head);
  EXPECT_EQ(translated.status, 200);
  EXPECT_EQ(translated.fields[0].value, "application/grpc-web+proto");
  EXPECT_FALSE(translated.fields[0].verbatim) << "its line still says the endpoint's";
  EXPECT_EQ(translated.fields[1].value, "0");
}

TEST(GrpcWebCall, AFormatThatTheEndpointDoesNotNameIsThatOfTheRequest) {
  GrpcWebCall call("application/grpc-web-text+proto", grpc::Web::text, {});
  http::ResponseHead head;
  head.fields = {{http::FieldId::content_type, "content-type", "application/grpc"}};
  EXPECT_EQ(call.translate(head).fields[0].value, "application/grpc-web-text+proto");
  head.fields = {{http::FieldId::content_type, "content-type", "application/grpc+json"}};
  EXPECT_EQ(call.translate(head).fields[0].value, "application/grpc-web-text+json");
}

TEST(GrpcWebCall, AHeadWithoutATypeOfGrpcGetsOne) {
  GrpcWebCall call("application/grpc-web+proto", grpc::Web::binary, {});
  http::ResponseHead head;
  head.fields = {{http::FieldId::unknown, "grpc-status", "7"}};
  ASSERT_EQ(call.translate(head).fields.size(), 2U);
  EXPECT_EQ(call.translate(head).find(http::FieldId::content_type)->value, "application/grpc-web+proto");
  head.fields = {{http::FieldId::content_type, "content-type", "text/plain"}};
  ASSERT_EQ(call.translate(head).fields.size(), 1U);
  EXPECT_EQ(call.translate(head).fields[0].value, "application/grpc-web+proto");
}

TEST(GrpcBody, KnowsWhetherACutIsWithinAMessage) {
  Batches batches;
  batches.add({std::string("\0\0\0\0\x03", 5), "ab"});
  batches.add({"c"});
  batches.add({std::string("\0\0", 2)});
  batches.add({});
  GrpcBody body(batches);
  EXPECT_TRUE(body.between_messages()) << "before the first";
  relay::BodyBatch batch;
  const bool expected[] = {false, true, false};
  for (const bool between : expected) {
    batch.begin({});
    ASSERT_TRUE(body.take(batch));
    EXPECT_EQ(body.between_messages(), between);
  }
}

TEST(GrpcBody, SaysOnceThatAMessageIsThere) {
  Batches batches;
  batches.add({std::string("\0\0\0\0\x01", 5)});
  batches.add({"a", std::string("\0\0", 2)});
  batches.add(
      {std::string("\0\0\x01"
                   "b",
                   4)});
  batches.add({});
  int calls = 0;
  GrpcBody body(batches, [&calls] { ++calls; });
  relay::BodyBatch batch;
  const int expected[] = {0, 1, 1, 1};
  for (const int count : expected) {
    batch.begin({});
    ASSERT_TRUE(body.take(batch));
    EXPECT_EQ(calls, count);
  }
}

/// Then the trailers say how the call went.
TEST(GrpcBody, SaysNothingOfAMessageThatEndsTheBody) {
  Batches batches;
  batches.add(
      {std::string("\0\0\0\0\x01"
                   "a",
                   6)});
  int calls = 0;
  GrpcBody body(batches, [&calls] { ++calls; });
  relay::BodyBatch batch;
  batch.begin({});
  ASSERT_TRUE(body.take(batch));
  EXPECT_TRUE(batch.ended());
  EXPECT_EQ(calls, 0);
}

TEST(GrpcBody, WhatComesWithAnErrorIsNotPassedOn) {
  Batches batches;
  batches.add({std::string("\0\0\0\0\x03", 5)});
  batches.fail();
  GrpcBody body(batches);
  relay::BodyBatch batch;
  batch.begin({});
  EXPECT_FALSE(body.take(batch));
  EXPECT_TRUE(body.between_messages());
}

TEST(GrpcFields, FindsTheStatus) {
  EXPECT_EQ(grpc_status_in("Grpc-Status: 14\r\ngrpc-message: no\r\n"), grpc::Status::unavailable);
  EXPECT_EQ(grpc_status_in("x: y\r\ngrpc-status:0 \r\n"), grpc::Status::ok);
  EXPECT_EQ(grpc_status_in("grpc-message: no\r\n"), std::nullopt);
  EXPECT_EQ(grpc_status_in(std::string_view()), std::nullopt);
  const std::vector<http::Field> fields{{http::FieldId::content_type, "content-type", "application/grpc"},
                                        {http::FieldId::unknown, "grpc-status", "13"}};
  EXPECT_EQ(grpc_status_in(fields), grpc::Status::internal);
}

TEST(GrpcFields, FindsTheMessageAsItCame) {
  const std::vector<http::Field> fields{{http::FieldId::unknown, "grpc-status", "7"},
                                        {http::FieldId::unknown, "Grpc-Message", "no%20entry"}};
  EXPECT_EQ(grpc_message_in(fields), "no%20entry");
  EXPECT_EQ(grpc_message_in({}), "");
  EXPECT_EQ(grpc_status_lines_with(grpc::Status::permission_denied, "no%20entry"),
            "grpc-status: 7\r\ngrpc-message: no%20entry\r\n");
}

TEST(GrpcFields, FindsAValueInAHead) {
  const std::string head =
      "POST /grpc-timeout:x HTTP/1.1\r\nx-grpc-timeout: a\r\nGRPC-Timeout: 1S\r\ngrpc-timeouts:\r\n\r\n";
  const auto place = find_value(head, "grpc-timeout");
  ASSERT_TRUE(place);
  EXPECT_EQ(head.substr(place->at, place->size), " 1S");
  const auto empty = find_value(head, "grpc-timeouts");
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->size, 0U);
  EXPECT_FALSE(find_value(head, "grpc-previous-rpc-attempts"));
  EXPECT_FALSE(find_value("", "x"));
}

TEST(GrpcFields, WritesStatusAndMessage) {
  EXPECT_EQ(grpc_status_lines(grpc::Status::unavailable, "no endpoint: 50%"),
            "grpc-status: 14\r\ngrpc-message: no endpoint: 50%25\r\n");
  EXPECT_EQ(grpc_status_lines(grpc::Status::ok, {}), "grpc-status: 0\r\n");
}

}  // namespace
}  // namespace weir::server
