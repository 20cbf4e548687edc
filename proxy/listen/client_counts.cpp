#include "listen/client_counts.hpp"

#include <cstring>

namespace weir::listen {

ClientCounts::Key ClientCounts::key_of(const IpAddress& client) {
  // Eight bytes are a whole IPv4 address, or the /64 that one IPv6 client has to itself.
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, client.bytes.data(), sizeof prefix);
  return {prefix, client.v6};
}

std::size_t ClientCounts::Hash::operator()(const Key& key) const {
  // The finaliser of MurmurHash3: each input bit reaches each output bit.
  std::uint64_t mixed = key.first ^ (key.second ? 0x9e3779b97f4a7c15U : 0);
  mixed = (mixed ^ mixed >> 33) * 0xff51afd7ed558ccdU;
  mixed = (mixed ^ mixed >> 33) * 0xc4ceb9fe1a85ec53U;
  return mixed ^ mixed >> 33;
}

bool ClientCounts::take(const IpAddress& client, std::uint32_t max) {
  const Key key = key_of(client);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (max == 0) return false;
  std::uint32_t& count = shard.counts.try_emplace(key, 0).first->second;
  if (count >= max) return false;
  ++count;
  return true;
}

void ClientCounts::give_back(const IpAddress& client) {
  const Key key = key_of(client);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.counts.find(key);
  if (--found->second == 0) shard.counts.erase(found);
}

std::size_t ClientCounts::clients() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.counts.size();
  }
  return sum;
}

}  // namespace weir::listen
