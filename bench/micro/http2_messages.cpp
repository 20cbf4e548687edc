// Messages of endpoints of HTTP/2: the head of a request as a block, and a response's section as a head.
#include <string>
#include <string_view>

#include "http1/parse.hpp"
#include "http1/write.hpp"
#include "http2/request_block.hpp"
#include "http2/response_head.hpp"
#include "measure.hpp"
#include "messages.hpp"

namespace weir::bench {
namespace {

/// The head that an endpoint of HTTP/1 would get is there already.
void write_request_block(benchmark::State& state, std::string_view bytes) {
  http::RequestHead head;
  std::size_t scanned = 0;
  if (!http1::parse_request_head(bytes, {}, scanned, head)) state.SkipWithError("not parsed");
  const http::Forwarding forwarding{.client_ip = "203.0.113.9",
                                    .forwarded_for = "203.0.113.9",
                                    .proto = "https",
                                    .request_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"};
  std::string text, out;
  http1::write_request_head(text, head, head.target, head.body, forwarding, {}, false);
  measure(state, [&] {
    out.clear();
    http2::write_request_block(out, text, {});
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  });
  state.counters["bytes_in"] = static_cast<double>(text.size());
  state.counters["bytes_out"] = static_cast<double>(out.size());
}
BENCHMARK_CAPTURE(write_request_block, api, api_request);
BENCHMARK_CAPTURE(write_request_block, browser, browser_request);

void read_response(benchmark::State& state) {
  http2::FieldSection section;
  section.add(":status", "200");
  section.add("server", "app");
  section.add("date", "Sun, 06 Nov 1994 08:49:37 GMT");
  section.add("content-type", "application/json");
  section.add("content-length", "128");
  section.add("cache-control", "private, max-age=0");
  section.add("x-powered-by", "app/1.0");
  http::ResponseHead head;
  measure(state, [&] {
    const auto read = http2::read_response(section, false, http::Method::get, false, head);
    if (!read) state.SkipWithError("not read");
    benchmark::DoNotOptimize(head.fields.data());
  });
}
BENCHMARK(read_response);

}  // namespace
}  // namespace weir::bench
