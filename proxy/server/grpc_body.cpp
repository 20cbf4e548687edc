#include "server/grpc_body.hpp"

namespace weir::server {

/// What comes with an error is not passed on, so it does not count.
Result<void> GrpcBody::take(relay::BodyBatch& batch) {
  auto taken = body().take(batch);
  if (!taken) return taken;
  for (const iovec& run : batch.runs()) cursor_.take({static_cast<const char*>(run.iov_base), run.iov_len});
  if (on_message_ && cursor_.any_whole() && !batch.ended()) std::exchange(on_message_, {})();
  return taken;
}

}  // namespace weir::server
