// What the endpoints of a rollout's canary say beside their requests: whether one is usable, whether one came back or
// is new and so is to warm up, and whether there is a new deployment, which is an address that the canary did not have
// since its rollout began. Addresses that leave are none: instances go, and answers of names differ. Pure; one thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

namespace weir::rollout {

struct EndpointSight {
  std::string address;
  bool is_usable = true;
};

class CanaryWatch {
 public:
  /// `known`: addresses that it had before a restart of Weir; empty: the first that come are no new deployment.
  explicit CanaryWatch(std::vector<std::string> known = {}) : known_(std::move(known)) {}

  struct Seen {
    bool is_usable = false;          // at least one
    bool has_restarted = false;      // one came back, or is new
    bool is_new_deployment = false;  // one has an address that is not known
    bool operator==(const Seen&) const = default;
  };
  /// How it is now. What is new becomes known, up to known_endpoints_max.
  Seen look(std::span<const EndpointSight> endpoints);

  const std::vector<std::string>& known() const { return known_; }

 private:
  std::vector<std::string> known_;      // in the order in which they came
  std::map<std::string, bool> usable_;  // at the last look
};

}  // namespace weir::rollout
