// States that operators set for endpoints, by upstream and address. An override outlives the endpoint's state, which is
// made anew when its connection settings change or when its address was gone from a name for a while, and ends when the
// configuration can have no such endpoint any more. Memory only, bounded; the control thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "core/ip.hpp"
#include "upstream/operator_state.hpp"

namespace weir::control {

struct OperatorOverride {
  upstream::OperatorState state = upstream::OperatorState::active;
  std::string who, reason;  // one line each; reason may be empty
  std::chrono::system_clock::time_point since;
};

class OperatorOverrides {
 public:
  static constexpr std::size_t overrides_max = 10'000;

  struct Place {
    std::string upstream;
    SocketAddress address;
    auto operator<=>(const Place&) const = default;
  };

  /// nullptr: there is none, the endpoint is active.
  const OperatorOverride* find(const Place& place) const;
  upstream::OperatorState state_of(const Place& place) const;
  /// False: overrides_max others are kept already.
  bool has_room_for(const Place& place) const;
  /// `active` removes the override. Needs has_room_for().
  void set(const Place& place, OperatorOverride entry);

  /// Those of `earlier` that `config` has no endpoint for, as far as there is room: they were forgotten with it.
  void put_back(const OperatorOverrides& earlier, const config::Config& config);

  /// Removes the overrides of endpoints that `config` does not have, and returns them.
  std::vector<std::pair<Place, OperatorOverride>> forget_gone(const config::Config& config);

 private:
  std::map<Place, OperatorOverride> overrides_;
};

}  // namespace weir::control
