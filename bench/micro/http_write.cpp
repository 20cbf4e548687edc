// Writing: heads in both directions, answers of our own, ids.
#include <string>

#include "core/uuid.hpp"
#include "http1/parse.hpp"
#include "http1/write.hpp"
#include "measure.hpp"
#include "messages.hpp"

namespace weir::bench {
namespace {

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";

const http::HeaderPolicy& security() {
  static const http::HeaderPolicy compiled = [] {
    config::HeaderPolicy policy;
    policy.response.set = {{"X-Frame-Options", "DENY"},
                           {"X-Content-Type-Options", "nosniff"},
                           {"Referrer-Policy", "strict-origin-when-cross-origin"},
                           {"X-XSS-Protection", "0"}};
    policy.response.set_on_tls = {{"Strict-Transport-Security", "max-age=31536000; includeSubDomains"}};
    policy.response.remove = {"Server", "X-Powered-By"};
    return http::HeaderPolicy::compile({&policy});
  }();
  return compiled;
}

void write_request_head(benchmark::State& state, std::string_view bytes) {
  http::RequestHead head;
  std::size_t scanned = 0;
  if (!http1::parse_request_head(bytes, {}, scanned, head)) state.SkipWithError("not parsed");
  const http::Forwarding forwarding{.client_ip = "203.0.113.9",
                                    .forwarded_for = "203.0.113.9",
                                    .proto = "https",
                                    .host = head.authority,
                                    .port = "8443",
                                    .request_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
                                    .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
  std::string out;
  measure(state, [&] {
    out.clear();
    http1::write_request_head(out, head, head.target, head.body, forwarding, security().request, false);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  });
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK_CAPTURE(write_request_head, api, api_request);
BENCHMARK_CAPTURE(write_request_head, browser, browser_request);

void write_response_head(benchmark::State& state) {
  http::ResponseHead head;
  std::size_t scanned = 0;
  if (!http1::parse_response_head(api_response, {}, http::Method::get, false, scanned, head)) {
    state.SkipWithError("not parsed");
  }
  http::ResponseOptions options;
  options.policy = &security().response_tls;
  options.request_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  options.body = head.body;
  std::string out;
  measure(state, [&] {
    out.clear();
    http1::write_response_head(out, head, options, date);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  });
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(write_response_head);

void write_own_head(benchmark::State& state) {
  http::ResponseOptions options;
  options.policy = &security().response_tls;
  options.request_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  http::OwnResponse response;
  response.status = 503;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "503 Service Unavailable\n";
  response.proxy_status = "weir; error=destination_unavailable";
  response.extra_fields = "Retry-After: 5\r\n";
  std::string out;
  measure(state, [&] {
    out.clear();
    http1::write_own_head(out, response, options, date);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  });
}
BENCHMARK(write_own_head);

void uuid_v7(benchmark::State& state) {
  Rng rng(1);
  char out[uuid_length];
  std::uint64_t now_ms = 1'700'000'000'000;
  measure(state, [&] {
    write_uuid_v7(++now_ms, rng, out);
    benchmark::DoNotOptimize(out);
  });
}
BENCHMARK(uuid_v7);

void traceparent(benchmark::State& state) {
  Rng rng(1);
  char out[traceparent_length];
  measure(state, [&] {
    write_traceparent(rng, out);
    benchmark::DoNotOptimize(out);
  });
}
BENCHMARK(traceparent);

}  // namespace
}  // namespace weir::bench
