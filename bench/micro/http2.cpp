// One connection of HTTP/2 without its socket: frames of a request in, its head read, and a response of 128 bytes out.
#include <array>
#include <string>
#include <string_view>

#include "http1/parse.hpp"
#include "http2/request.hpp"
#include "http2/response.hpp"
#include "http2/server_codec.hpp"
#include "http2_requests.hpp"
#include "measure.hpp"
#include "messages.hpp"

namespace weir::bench {
namespace {

constexpr std::size_t body_bytes = 128;

std::string frame(const http2::FrameHeader& header, std::string_view payload = {}) {
  std::string out;
  http2::append_frame_header(out, header);
  return out.append(payload);
}

/// Answers each request once it has ended.
class Server final : public http2::ServerEvents {
 public:
  Server() {
    std::size_t scanned = 0;
    ready_ =
        http1::parse_response_head(api_response, {}, http::Method::get, false, scanned, answer_).has_value();
    codec_.start();
    receive(std::string(http2::client_preface) + frame({.type = http2::FrameType::settings}) +
            frame({.type = http2::FrameType::settings, .flags = http2::flag::ack}));
  }

  void receive(std::string_view bytes) {
    codec_.receive(bytes, TimePoint{});
    if (codec_.connection_sendable() < body_bytes) widen();
    benchmark::DoNotOptimize(codec_.output().data());
    benchmark::ClobberMemory();
    sent_bytes_ = codec_.output().size();
    codec_.output().clear();
    codec_.output_flushed();
  }
  /// Everything was answered so far.
  bool works() const { return ready_ && !codec_.failed(); }
  std::size_t answers() const { return answers_; }
  /// By the last receive().
  std::size_t sent_bytes() const { return sent_bytes_; }

  http2::Stream* on_request(std::uint32_t, http2::FieldSection& section, bool, bool ended) override {
    section_.swap(section);
    const auto read = http2::read_request(section_, ended, {}, request_);
    ready_ = ready_ && read.kind == http2::ReadRequest::Kind::ok;
    return &stream_;
  }
  void on_end(http2::Stream& stream) override {
    http::ResponseOptions options;
    options.request_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    options.body = answer_.body;
    block_.clear();
    http2::write_response_block(block_, answer_, options, "Sun, 06 Nov 1994 08:49:37 GMT");
    codec_.send_head(stream, block_, false);
    const std::array parts{iovec{body_.data(), body_.size()}};
    codec_.send_data(stream, parts, body_bytes, true);
    codec_.release(stream);
    ++answers_;
  }
  void on_data(http2::Stream&, std::string_view) override {}
  void on_trailers(http2::Stream&, http2::FieldSection&, bool) override {}
  void on_reset(http2::Stream&, http2::ErrorCode, bool) override { ready_ = false; }
  void on_window(http2::Stream&) override {}
  void on_connection_window() override {}

 private:
  struct Stream final : http2::Stream {};

  /// Clients do it once a few MiB: it is in no time that matters.
  void widen() {
    std::string update;
    http2::append_window_update(update, 0, 0x7000'0000);
    codec_.receive(update, TimePoint{});
  }

  http2::ServerCodec codec_{{}, *this};
  Stream stream_;
  http2::FieldSection section_;
  http::RequestHead request_;
  http::ResponseHead answer_;
  std::string block_, body_ = std::string(body_bytes, 'x');
  std::size_t answers_ = 0, sent_bytes_ = 0;
  bool ready_ = false;
};

/// The client's table has all of it but the path, as after the first request. Column `allocs` has what Weir allocates.
void http2_exchange(benchmark::State& state, const Lines& lines) {
  Server server;
  HeaderBlocks client;
  http2::FrameHeader header{.type = http2::FrameType::headers,
                            .flags = http2::flag::end_headers | http2::flag::end_stream,
                            .stream = 1};
  std::string wire;
  for (int i = 0; i < 2; ++i) {
    const std::string block = client.block(lines);
    header.length = static_cast<std::uint32_t>(block.size());
    wire = frame(header, block);
    server.receive(wire);
    header.stream += 2;
  }
  const std::size_t before = server.answers();
  std::size_t asked = 0;
  measure(state, [&] {
    http2::write_frame_header(wire.data(), header);
    server.receive(wire);
    header.stream += 2;
    ++asked;
  });
  if (!server.works() || server.answers() - before != asked) state.SkipWithError("not answered");
  state.counters["bytes_in"] = static_cast<double>(wire.size());
  state.counters["bytes_out"] = static_cast<double>(server.sent_bytes());
}
BENCHMARK_CAPTURE(http2_exchange, h2load, h2load_request);
BENCHMARK_CAPTURE(http2_exchange, browser, h2_browser_request);

}  // namespace
}  // namespace weir::bench
