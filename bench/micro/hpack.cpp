// Header blocks of HTTP/2: a request's received, as h2load and as a browser send it once their table has it all, and a
// response's written.
#include <nghttp2/nghttp2.h>

#include <string>
#include <vector>

#include "http/field_names.hpp"
#include "http2/field_receiver.hpp"
#include "http2/hpack_encoder.hpp"
#include "measure.hpp"

namespace weir::bench {
namespace {

using Lines = std::vector<http2::FieldLine>;

const Lines h2load_request = {{":method", "GET"},
                              {":scheme", "https"},
                              {":authority", "api.example.com"},
                              {":path", "/api/v1/items/4711"},
                              {"user-agent", "h2load nghttp2/1.52.0"}};

const Lines browser_request = {
    {":method", "GET"},
    {":authority", "www.example.com"},
    {":scheme", "https"},
    {":path", "/static/app.9f8e7d.js"},
    {"sec-ch-ua", "\"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\""},
    {"sec-ch-ua-mobile", "?0"},
    {"sec-ch-ua-platform", "\"Linux\""},
    {"upgrade-insecure-requests", "1"},
    {"user-agent",
     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36"},
    {"accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
    {"sec-fetch-site", "same-origin"},
    {"sec-fetch-mode", "navigate"},
    {"sec-fetch-dest", "document"},
    {"referer", "https://www.example.com/"},
    {"accept-encoding", "gzip, deflate, br, zstd"},
    {"accept-language", "en-GB,en;q=0.9,de;q=0.8"},
    {"cookie", "session=0123456789abcdef0123456789abcdef"},
    {"cookie", "theme=dark"},
    {"cookie", "consent=yes"}};

/// Blocks as a client writes them: with its dynamic table and Huffman codes.
class Client {
 public:
  Client() { nghttp2_hd_deflate_new(&deflater_, 4096); }
  ~Client() { nghttp2_hd_deflate_del(deflater_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::string block(const Lines& lines) {
    std::vector<nghttp2_nv> fields;
    std::string text;
    for (const auto& [name, value] : lines) text.append(name).append(value);
    auto* at = reinterpret_cast<std::uint8_t*>(text.data());
    for (const auto& [name, value] : lines) {
      // Clients do not index paths: nearly every request has another.
      const std::uint8_t flags = name == ":path" ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
      fields.push_back({at, at + name.size(), name.size(), value.size(), flags});
      at += name.size() + value.size();
    }
    std::string block(nghttp2_hd_deflate_bound(deflater_, fields.data(), fields.size()), '\0');
    auto* out = reinterpret_cast<std::uint8_t*>(block.data());
    const auto bytes = nghttp2_hd_deflate_hd(deflater_, out, block.size(), fields.data(), fields.size());
    block.resize(bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
    return block;
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

/// Column `allocs` has what Weir allocates; nghttp2 calls malloc once for every text that is not in a table.
void hpack_receive(benchmark::State& state, const Lines& lines) {
  Client client;
  http2::FieldReceiver receiver({});
  const auto receive = [&](std::string_view block) {
    receiver.begin();
    return receiver.piece(block, true);
  };
  receive(client.block(lines));
  const std::string steady = client.block(lines);
  if (receive(steady) != http2::FieldReceiver::Outcome::ok || receiver.section().size() != lines.size()) {
    state.SkipWithError("not decoded");
  }
  measure(state, [&] {
    benchmark::DoNotOptimize(receive(steady));
    benchmark::ClobberMemory();
  });
  state.counters["bytes"] = static_cast<double>(steady.size());
}
BENCHMARK_CAPTURE(hpack_receive, h2load, h2load_request);
BENCHMARK_CAPTURE(hpack_receive, browser, browser_request);

const Lines response = {{"Server", "app"},
                        {"Date", "Sun, 06 Nov 1994 08:49:37 GMT"},
                        {"Content-Type", "application/json"},
                        {"Content-Length", "128"},
                        {"Cache-Control", "private, max-age=0"},
                        {"X-Powered-By", "app/1.0"},
                        {"Via", "1.1 weir"},
                        {"X-Request-Id", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"}};

void hpack_write_response(benchmark::State& state) {
  std::string out;
  measure(state, [&] {
    out.clear();
    {
      http2::BlockWriter block(out);
      block.status(200);
      for (const auto& [name, value] : response) block.field(name, value);
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  });
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(hpack_write_response);

/// The same where it is known from reading which fields they are.
void hpack_write_known_response(benchmark::State& state) {
  std::vector<http::FieldId> ids;
  for (const auto& line : response) ids.push_back(http::field_id(line.name));
  std::string out;
  measure(state, [&] {
    out.clear();
    {
      http2::BlockWriter block(out);
      block.status(200);
      for (std::size_t i = 0; i < ids.size(); ++i) block.field(ids[i], response[i].name, response[i].value);
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  });
}
BENCHMARK(hpack_write_known_response);

}  // namespace
}  // namespace weir::bench
