#include "rollout/clients.hpp"

#include <algorithm>

#include "core/stable_hash.hpp"

namespace weir::rollout {
namespace {

constexpr unsigned sampled_bits_max = 40;

/// The chance to be on the canary of a client whose place is known to be in `place`.
Chance chance_at(Share share, const Place& place) {
  const Share reached = std::clamp<Share>(share, place.from, place.to);
  return {reached - place.from, static_cast<Share>(place.to - place.from)};
}

void learn(Place& place, const Division& division, Side side) {
  const auto at = static_cast<std::uint16_t>(std::clamp<Share>(division.share, place.from, place.to));
  if (division.of_three) place.from = place.to = at;
  (side == Side::canary ? place.to : place.from) = at;
}

Place& place_of(Client& client, Family family) {
  return client.places[static_cast<std::size_t>(family)];
}

void tally(std::array<Tallies, signal_count>& tallies, Signal signal, Chance chance, Badness badness,
           Side side) {
  add(tallies[static_cast<std::size_t>(signal)], chance, badness, 1, side == Side::canary ? 1 : 0);
}

/// Its first failure, or client error, of this step.
void count_first(Client& client, Family family, Signal signal, const Division& division, bool is_counting,
                 std::array<Tallies, signal_count>& tallies) {
  Place& place = place_of(client, family);
  if (is_counting) tally(tallies, signal, chance_at(division.share, place), Badness::full, client.side);
  learn(place, division, client.side);
}

void close(Client& client, const Division& division, std::array<Tallies, signal_count>& tallies) {
  client.is_closed = true;
  if (client.slow95 + client.slow50 == 0) return;
  Place& place = place_of(client, Family::latency);
  const Chance chance = chance_at(division.share, place);
  for (const auto& [signal, slow] :
       {std::pair(Signal::slow95, client.slow95), std::pair(Signal::slow50, client.slow50)}) {
    if (slow > 0) tally(tallies, signal, chance, slow == 1 ? Badness::half : Badness::full, client.side);
  }
  learn(place, division, client.side);
}

}  // namespace

bool Clients::is_sampled(std::uint64_t client) const {
  return (mix(client) & ((std::uint64_t{1} << sampled_bits_) - 1)) == 0;
}

void Clients::count(const ClientRequest& request, const Division& division, bool is_counting,
                    const SlowBounds& bounds, std::array<Tallies, signal_count>& tallies) {
  if (!is_sampled(request.client)) return;
  Client& client = clients_[request.client];
  if (!client.is_seen) {
    client.is_seen = true;
    client.side = request.side;
    ++seen_[index(client.side)];
  }
  // A client that is found on both sides is none that the split divides.
  if (client.side == request.side) {
    if (request.failed && !client.failed) {
      client.failed = true;
      count_first(client, Family::failures, Signal::failures, division, is_counting, tallies);
    }
    if (request.client_error && !client.client_error) {
      client.client_error = true;
      count_first(client, Family::client_errors, Signal::client_errors, division, is_counting, tallies);
    }
    if (is_counting && request.has_latency && bounds.slow95 && bounds.slow50 && !client.is_closed) {
      if (request.latency > *bounds.slow95) ++client.slow95;
      if (request.latency > *bounds.slow50) ++client.slow50;
      if (++client.requests == slow_requests_max) close(client, division, tallies);
    }
  }
  if (clients_.size() > clients_max) sample_more();
}

void Clients::close_period(const Division& division, std::array<Tallies, signal_count>& tallies) {
  for (auto& [hash, client] : clients_) {
    if (client.requests > 0 && !client.is_closed) close(client, division, tallies);
  }
}

void Clients::begin_step() {
  const std::array<Place, family_count> unknown{};
  std::erase_if(clients_, [&](const auto& entry) { return entry.second.places == unknown; });
  for (auto& [hash, client] : clients_) {
    const auto places = client.places;
    client = Client{};
    client.places = places;
  }
  seen_ = {};
}

void Clients::sample_more() {
  while (clients_.size() > clients_max && sampled_bits_ < sampled_bits_max) {
    ++sampled_bits_;
    std::erase_if(clients_, [&](const auto& entry) { return !is_sampled(entry.first); });
  }
  recount();
}

void Clients::recount() {
  seen_ = {};
  for (const auto& [hash, client] : clients_) {
    if (client.is_seen) ++seen_[index(client.side)];
  }
}

bool Clients::restore(std::unordered_map<std::uint64_t, Client> clients, unsigned sampled_bits) {
  Clients restored;
  restored.sampled_bits_ = sampled_bits;
  if (clients.size() > clients_max || sampled_bits > sampled_bits_max) return false;
  if (std::ranges::any_of(clients, [&](const auto& entry) { return !restored.is_sampled(entry.first); }))
    return false;
  restored.clients_ = std::move(clients);
  restored.recount();
  *this = std::move(restored);
  return true;
}

}  // namespace weir::rollout
