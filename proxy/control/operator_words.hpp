// What operators said of endpoints, by upstream and address. It outlives the endpoint's state, which is made anew
// when its connection settings change or when its address was gone from a name for a while, and ends when the
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

struct OperatorWord {
  upstream::OperatorState state = upstream::OperatorState::active;
  std::string who, reason;  // one line each; reason may be empty
  std::chrono::system_clock::time_point since;
};

class OperatorWords {
 public:
  static constexpr std::size_t words_max = 10'000;

  struct Place {
    std::string upstream;
    SocketAddress address;
    auto operator<=>(const Place&) const = default;
  };

  /// nullptr: nothing was said, it is active.
  const OperatorWord* find(const Place& place) const;
  upstream::OperatorState state_of(const Place& place) const;
  /// False: words_max others are kept already.
  bool has_room_for(const Place& place) const;
  /// `active` takes back what was said. Needs has_room_for().
  void set(const Place& place, OperatorWord word);

  /// Forgets endpoints that `config` does not have; returns them with what was said.
  std::vector<std::pair<Place, OperatorWord>> forget_gone(const config::Config& config);

 private:
  std::map<Place, OperatorWord> words_;
};

}  // namespace weir::control
