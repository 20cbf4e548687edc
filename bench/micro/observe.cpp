// Observability: one access log line, and the counters of one request.
#include <string>

#include "measure.hpp"
#include "observe/access_log.hpp"
#include "observe/worker_metrics.hpp"

namespace weir::bench {
namespace {

void access_line(benchmark::State& state) {
  std::vector<observe::AttemptRecord> attempts(1);
  attempts[0] = {.endpoint = "127.0.0.1:9001", .first_byte_ms = 1.204, .status = 200, .outcome = "ok"};
  observe::AccessRecord record;
  record.ts = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123));
  record.request_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.listener = "https";
  record.client_ip = *IpAddress::parse("203.0.113.9");
  record.client_port = 51234;
  record.protocol = "HTTP/1.1";
  record.tls.present = true;
  record.tls.version = "TLSv1.3";
  record.tls.cipher = "TLS_AES_128_GCM_SHA256";
  record.tls.sni = "api.example.com";
  record.method = "GET";
  record.host = "api.example.com";
  record.path = "/api/v1/items/4711";
  record.query = "fields=name,price";
  record.user_agent = "curl/7.88.1";
  record.route = "api";
  record.upstream = "blue";
  record.endpoint = "127.0.0.1:9001";
  record.status = 200;
  record.bytes_out = 128;
  record.duration_ms = 1.733;
  record.attempts = &attempts;
  std::string out;
  measure(state, [&] {
    out.clear();
    observe::append_access_line(out, record);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  });
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(access_line);

/// All that a request counts: its route, its upstream, its endpoint.
void metric_increments(benchmark::State& state) {
  observe::WorkerMetrics metrics;
  observe::EndpointCounters& endpoint = metrics.endpoint(1, 2);
  measure(state, [&] {
    metrics.request_started(0);
    ++endpoint.responses[2];
    endpoint.duration.observe(0.0012);
    metrics.request_finished(0, 1, http::Method::get, 200, 0.0013);
    benchmark::ClobberMemory();
  });
}
BENCHMARK(metric_increments);

/// One counter, looked up by its labels.
void metric_increment(benchmark::State& state) {
  observe::WorkerMetrics metrics;
  measure(state, [&] {
    metrics.split_chosen(3, 4, 0);
    benchmark::ClobberMemory();
  });
}
BENCHMARK(metric_increment);

}  // namespace
}  // namespace weir::bench
