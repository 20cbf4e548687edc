// The clients that a rollout has seen, where the unit is the client: what of each was counted, and between which shares
// its side is known to change. Splits are monotone: every client has a place from 0 to the whole, hidden until it is
// counted, and is on the canary while the canary's share is above it. Counted on the canary at 5 %, its place is below
// 5 %; counted on the other side at 5 %, it is above, and at 25 % on the canary with chance 20 of 95. That is exact,
// and so is going back.
//
// Bounded: past `clients_max` only clients whose hash ends in k zero bits are kept and counted, k one more each time.
// One thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "rollout/counts.hpp"
#include "rollout/tally.hpp"

namespace weir::rollout {

/// At most so many clients: 4 MiB.
inline constexpr std::size_t clients_max = 65'536;
/// How many requests of a client in a step make its slowness.
inline constexpr std::uint8_t slow_requests_max = 8;

/// How units are divided at the moment.
struct Division {
  // NOLINTNEXTLINE(google-explicit-constructor): a share alone is one, where two targets are compared
  Division(Share of_canary, bool is_of_three = false) : share(of_canary), of_three(is_of_three) {}
  Share share;  // the canary's of the compared units
  /// Two of three targets are compared. Then which of the two has a client at one share tells about another one only
  /// together with how near the third was, which is not counted: a client counts once in a rollout.
  bool of_three;
};

/// What a family knows of a client's place: at least `from`, below `to`. Nothing is left to know where both are the
/// same. Families are apart, as their evidence is.
struct Place {
  std::uint16_t from = 0, to = whole;
  bool operator==(const Place&) const = default;
};

struct Client {
  std::array<Place, family_count> places;
  Side side = Side::comparison;  // in this step
  std::uint8_t requests = 0;     // with a latency, in this step, up to slow_requests_max
  std::uint8_t slow95 = 0, slow50 = 0;
  bool is_seen = false;                       // in this step
  bool failed = false, client_error = false;  // in this step: only the first counts
  bool is_closed = false;                     // its slowness was counted in this step
  bool operator==(const Client&) const = default;
};

/// What is slow: above which bucket. Nothing is while there is none.
struct SlowBounds {
  std::optional<Bucket> slow95, slow50;
  bool operator==(const SlowBounds&) const = default;
};

class Clients {
 public:
  /// Counts a request into `tallies`. `is_counting` false (a pause): what
  /// fails now is known and not counted, so that it is not taken for new afterwards. `bounds`: nothing while latency
  /// does not count.
  void count(const ClientRequest& request, const Division& division, bool is_counting,
             const SlowBounds& bounds, std::array<Tallies, signal_count>& tallies);
  /// The end of a period: counts the slowness of clients that have fewer than slow_requests_max requests yet.
  void close_period(const Division& division, std::array<Tallies, signal_count>& tallies);
  /// A step begins: clients count anew. The places of those that were counted stay, the others are forgotten.
  void begin_step();

  /// Distinct clients of that side in this step; an estimate once clients are sampled.
  std::uint64_t seen(Side side) const { return seen_[index(side)] << sampled_bits_; }
  unsigned sampled_bits() const { return sampled_bits_; }

  const std::unordered_map<std::uint64_t, Client>& all() const { return clients_; }
  /// As it was saved. False, and nothing changed: too many, or one that is not sampled.
  bool restore(std::unordered_map<std::uint64_t, Client> clients, unsigned sampled_bits);
  bool operator==(const Clients&) const = default;

 private:
  bool is_sampled(std::uint64_t client) const;
  void sample_more();
  void recount();

  std::unordered_map<std::uint64_t, Client> clients_;
  std::array<std::uint64_t, side_count> seen_{};
  unsigned sampled_bits_ = 0;
};

}  // namespace weir::rollout
