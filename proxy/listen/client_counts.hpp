// Open connections of each client of one listener (connections_per_client), over all workers. A client is an IPv4
// address or an IPv6 /64. Holds clients with open connections only, so server.max_connections bounds it. Any thread:
// asked once a connection, under a lock of one of many shards; never on the request path.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "core/ip.hpp"

namespace weir::listen {

class ClientCounts {
 public:
  static constexpr std::size_t shards = 64;  // a power of two

  /// Counts one more connection of `client`; false, and nothing counted, when it has `max`.
  bool take(const IpAddress& client, std::uint32_t max);
  /// Takes one back that take() counted.
  void give_back(const IpAddress& client);
  /// Clients with open connections.
  std::size_t clients() const;

 private:
  using Key = std::pair<std::uint64_t, bool>;  // address or /64, and whether it is IPv6
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    boost::unordered_flat_map<Key, std::uint32_t, Hash> counts;
  };

  static Key key_of(const IpAddress& client);
  Shard& shard_of(const Key& key) { return shards_[Hash()(key) >> 32 & (shards - 1)]; }

  std::array<Shard, shards> shards_;
};

/// One counted connection, until it is destroyed.
class ClientPlace {
 public:
  ClientPlace() = default;
  ClientPlace(const ClientPlace&) = delete;
  ClientPlace& operator=(const ClientPlace&) = delete;
  ~ClientPlace() {
    if (counts_ != nullptr) counts_->give_back(client_);
  }

  /// At most once. `counts` must outlive the place.
  bool take(ClientCounts& counts, const IpAddress& client, std::uint32_t max) {
    if (!counts.take(client, max)) return false;
    counts_ = &counts;
    client_ = client;
    return true;
  }

 private:
  ClientCounts* counts_ = nullptr;
  IpAddress client_;
};

}  // namespace weir::listen
