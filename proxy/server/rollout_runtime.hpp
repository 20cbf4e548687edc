// What the request path goes by while a rollout runs on a split: which targets are compared, how turns are dealt, what
// counts as a failure. Part of a snapshot: immutable, any thread. Made on the control thread.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "config/model.hpp"
#include "config/statuses.hpp"
#include "core/sip_hash.hpp"
#include "split/weights.hpp"

namespace weir::server {

/// `rollout.failures`, as it is looked at for each request.
class RolloutFailures {
 public:
  RolloutFailures();  // by the defaults of the configuration
  explicit RolloutFailures(const config::RolloutFailures& config);
  /// Any of these `config::Failure` bits.
  bool has_kind(std::uint16_t failures) const { return (kinds_ & failures) != 0; }
  /// A status that is none (0, or past status_max) is no failure.
  bool has_status(int status) const {
    const auto place = static_cast<std::size_t>(status);
    return place < statuses_.size() && statuses_[place];
  }

 private:
  std::uint16_t kinds_;
  std::bitset<config::status_max + 1> statuses_;
};

struct RolloutRuntime {
  std::uint64_t id = 0;           // of this rollout, unique in the process: counts carry it
  std::uint32_t publication = 0;  // rollout::Rollout::publication, whose weights are in the same snapshot
  std::size_t canary = 0,
              comparison = 0;  // targets; comparison: the baseline where there is one, else stable
  bool by_client = false;      // rollout::Settings::by_client
  RolloutFailures failures;
  SipKey turn_key;  // a secret of the process: the order of turns
  SipKey
      client_key;  // a secret, of the rollout for as long as it lasts, restarts included: hashes of clients
};

/// What a rollout says of a route's split.
struct RolloutInForce {
  std::vector<std::uint32_t> weights;             // by target; empty: those that are in force without it
  std::shared_ptr<const RolloutRuntime> runtime;  // null: none runs
  /// Targets whose clients leave when their weight is 0, whatever `drain_affinity` says: a canary that was taken back.
  split::Mask taken_back = 0;
};

}  // namespace weir::server
