// One route's split, compiled: which target a request goes to, and why. Overrides come first (headers, then
// cookies), then the side that a client is kept on, then affinity, then turns. The weights are passed in: they
// change while Weir runs. Pure but for the shared counter of turns; immutable otherwise, any thread; no allocation
// after construction.
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
#include "http/head.hpp"
#include "split/affinity.hpp"
#include "split/cookie.hpp"
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
  std::uint64_t random = 0;  // becomes the key of a client that has no cookie
};

struct Choice {
  std::size_t target = none;
  Why why = Why::weight;
  /// Where the split has the cookie: what it says, or the fresh key.
  Cookie cookie;
  bool set_cookie = false;  // the cookie does not say yet what was chosen
};

class Split {
 public:
  /// `targets`: names of the upstreams, in the order of `config.targets`.
  Split(const config::Split& config, std::string_view route, std::span<const std::string_view> targets);

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
  const config::Split& config_;
  std::string route_;
  std::vector<std::string> names_;
  Affinity affinity_;
};

/// The client's cookie, when there is one that Weir wrote.
std::optional<Cookie> find_cookie(std::span<const http::Field> fields);

}  // namespace weir::split
