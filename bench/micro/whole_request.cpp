// A whole request: a client that waits for each answer, a worker of ours and an endpoint, each on a thread, over real
// sockets. The time is a round trip of three threads and says little; `worker_allocs_per_request` is the worker's own:
// 0, or something on the request path allocates. What OpenSSL takes for itself is `openssl_allocs_per_request`.
#include "measure.hpp"
#include "one_worker.hpp"

namespace weir::bench {
namespace {

constexpr int warm_up = 1000;  // requests

/// With the log, a batch of lines that is handed to the writer allocates while the writer is behind.
void whole_request(benchmark::State& state, const Job& job) {
  Chain chain(job);
  for (int i = 0; i < warm_up; ++i) {
    if (!chain.client.ask()) return state.SkipWithError("not answered");
  }
  const Allocations before = chain.worker.allocations();
  for ([[maybe_unused]] auto _ : state) {
    if (!chain.client.ask()) return state.SkipWithError("not answered");
  }
  const Allocations after = chain.worker.allocations();
  const auto requests = static_cast<double>(state.iterations());
  state.counters["worker_allocs_per_request"] = static_cast<double>(after.own - before.own) / requests;
  state.counters["openssl_allocs_per_request"] =
      static_cast<double>(after.openssl - before.openssl) / requests;
}
BENCHMARK_CAPTURE(whole_request, without_log, Job{})->UseRealTime();
BENCHMARK_CAPTURE(whole_request, with_log, Job{.log = true})->UseRealTime();
BENCHMARK_CAPTURE(whole_request, split, Job{.split = Job::Split::split})->UseRealTime();
BENCHMARK_CAPTURE(whole_request, rollout, Job{.split = Job::Split::rollout})->UseRealTime();
BENCHMARK_CAPTURE(whole_request, client_rollout, Job{.split = Job::Split::client_rollout})->UseRealTime();
BENCHMARK_CAPTURE(whole_request, post_16k, Job{.request_bytes = 16'384})->UseRealTime();
BENCHMARK_CAPTURE(whole_request, answer_64k, Job{.answer_bytes = 65'536})->UseRealTime();
BENCHMARK_CAPTURE(whole_request, tls, Job{.tls = true})->UseRealTime();
BENCHMARK_CAPTURE(whole_request, tls_post_16k, Job{.tls = true, .request_bytes = 16'384})->UseRealTime();
BENCHMARK_CAPTURE(whole_request, tls_answer_64k, Job{.tls = true, .answer_bytes = 65'536})->UseRealTime();

}  // namespace
}  // namespace weir::bench
