// Header blocks of HTTP/2: a request's received, as h2load and as a browser send it once their table has it all, and a
// response's written.
#include <string>
#include <vector>

#include "http/field_names.hpp"
#include "http2/field_receiver.hpp"
#include "http2/hpack_encoder.hpp"
#include "http2_requests.hpp"
#include "measure.hpp"

namespace weir::bench {
namespace {

/// Column `allocs` has what Weir allocates; nghttp2 calls malloc once for every text that is not in a table.
void hpack_receive(benchmark::State& state, const Lines& lines) {
  HeaderBlocks client;
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
BENCHMARK_CAPTURE(hpack_receive, browser, h2_browser_request);

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
