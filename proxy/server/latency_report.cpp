#include "server/latency_report.hpp"

#include "http/retry_after.hpp"
#include "upstream/retry.hpp"

namespace weir::server {
namespace {

using std::chrono::seconds;

seconds pause_of(const http::ResponseHead& response) {
  const http::Field* const field = response.find(http::FieldId::retry_after);
  if (field == nullptr) return seconds(0);
  return http::retry_after(field->value, std::chrono::system_clock::now());
}

}  // namespace

void report_latency(const UpstreamRuntime& upstream, std::size_t endpoint, TimePoint started, TimePoint now,
                    const Error* error, const http::ResponseHead& response,
                    std::optional<grpc::Status> grpc_status) {
  if (upstream.rules.policy != config::Balance::least_latency) return;
  if (error != nullptr && (error->origin != Origin::upstream || error->kind == ErrorKind::unprocessed))
    return;
  balance::Latency& latency = upstream.candidates[endpoint].state->latency;
  const bool failed =
      error != nullptr || upstream::failure_bit_of_response(response.status, grpc_status) != 0;
  latency.observe(Clock::now() - started, failed, now);
  if (error != nullptr || (response.status != 503 && response.status != 429)) return;
  const seconds pause = pause_of(response);
  if (pause.count() != 0) latency.avoid_for(pause, now);
}

}  // namespace weir::server
