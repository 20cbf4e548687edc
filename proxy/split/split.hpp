// One route's split, compiled: which target a request goes to, and why. Overrides come first (headers, then
// cookies), then the side that a client is kept on, then affinity, then turns. The weights are passed in: they
// change while Weir runs. So are turns and key of a rollout that compares sides: its turns come in a secret order
// (permuted_turn.hpp), and its clients are counted by a hash of what affinity goes by. Pure but for the shared
// counter of turns; immutable otherwise, any thread; no allocation after construction.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "core/ip.hpp"
#include "core/sip_hash.hpp"
#include "http/head.hpp"
#include "split/affinity.hpp"
#include "split/cookie.hpp"
#include "split/permuted_turn.hpp"
#include "split/side.hpp"
#include "split/weights.hpp"

namespace weir::split {

enum class Why : std::uint8_t { weight, affinity, override_rule, failover };
inline constexpr std::size_t why_count = 4;
/// weight, affinity, override, failover.
std::string_view to_string(Why why);

/// What the workers share of one split. Keeps its identity over reloads.
struct Shared {
  alignas(64) std::atomic<std::uint64_t> turn{0};
  alignas(64) std::array<Trial, config::split_targets_max> trials;  // by target
};

/// What the decision is made from.
struct Request {
  std::span<const http::Field> fields;
  IpAddress client_ip;
  std::uint64_t random = 0;  // becomes the key of a client that has none
  // While a rollout runs on the split; otherwise null.
  const PermutedTurns* turns = nullptr;  // of the weights
  const SipKey* client_key = nullptr;
  /// Sides whose clients leave at weight 0, whatever `drain_affinity` says.
  Mask taken_back = 0;
};

struct Choice {
  std::size_t target = none;
  Why why = Why::weight;
  /// Where the split has the cookie: what it says, or the fresh key.
  Cookie cookie;
  bool set_cookie = false;  // the cookie does not say yet what was chosen
  /// While a rollout runs on a split with affinity: who the client is.
  std::uint64_t client = 0;
};

class Split {
 public:
  /// `targets`: names of the upstreams, in the order of `config.targets`. `secret`: keys the sides of clients beside
  /// the route's name, so that none can compute its own; may be empty.
  Split(const config::Split& config, std::string_view route, std::span<const std::string_view> targets,
        std::string_view secret = {});

  /// The target whatever its state. `key` is where a fresh cookie's key is written: `Choice::cookie` looks into it.
  Choice choose(const Request& request, std::span<const std::uint32_t> weights, Shared& shared,
                char (&key)[cookie_key_digits]) const;

  /// `first` is out: the same decision among the targets in `alive`, which keeps the cookie as it is. `first` itself
  /// when none of them has a weight.
  Choice fall_over(const Choice& first, const Request& request, std::span<const std::uint32_t> weights,
                   Mask alive, Shared& shared) const;

  std::size_t size() const { return names_.size(); }
  std::string_view name(std::size_t target) const { return names_[target]; }
  std::string_view route() const { return route_; }
  /// The rule that this request fulfils, or nullptr.
  const config::SplitOverride* matching_override(std::span<const http::Field> fields) const;
  /// What affinity goes by for this request; nothing where it goes by nothing. Views into `request`, or `buffer`.
  std::optional<std::string_view> key_of(const Request& request, std::span<char, 16> buffer) const;

 private:
  std::size_t kept_side(std::string_view before, std::span<const std::uint32_t> weights,
                        Mask taken_back) const;
  std::size_t pick_turn(const Request& request, std::span<const std::uint32_t> weights, Mask allowed,
                        Shared& shared) const;

  const config::Split& config_;
  std::string route_;
  std::vector<std::string> names_;
  Affinity affinity_;
};

/// The client's cookie, when there is one that Weir wrote.
std::optional<Cookie> find_cookie(std::span<const http::Field> fields);

}  // namespace weir::split
