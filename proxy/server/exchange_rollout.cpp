#include "server/exchange_rollout.hpp"

#include <utility>

#include "server/worker.hpp"

namespace weir::server {

void count_rollout_unit(ExchangeContext& context, int response_status,
                        std::optional<grpc::Status> grpc_status) {
  const Outcome& outcome = context.outcome;
  EndedRequest ended;
  ended.status = outcome.status;
  ended.is_relayed = response_status != 0 && response_status == outcome.status;
  if (outcome.error) ended.error = &*outcome.error;
  ended.grpc_status = grpc_status;
  ended.attempts = outcome.attempts;
  const auto unit = unit_of(context.rollout, ended);
  if (unit) context.worker.rollouts().count(*context.rollout.runtime, *unit);
  context.rollout.runtime = nullptr;
}

}  // namespace weir::server
