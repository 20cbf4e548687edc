// Deciding: is this client admitted by an access list.
#include <string>
#include <vector>

#include "core/cidr_set.hpp"
#include "core/rng.hpp"
#include "measure.hpp"

namespace weir::bench {
namespace {

IpAddress random_address(Rng& rng, bool v6) {
  IpAddress address;
  address.v6 = v6;
  for (std::size_t i = 0; i < (v6 ? 16 : 4); ++i) address.bytes[i] = static_cast<std::uint8_t>(rng());
  return address;
}

/// Random blocks of /20 to /32, or /40 to /64: next to nothing merges, as in lists of abusive networks.
std::vector<Cidr> random_blocks(Rng& rng, std::size_t count, bool v6) {
  std::vector<Cidr> blocks(count);
  for (Cidr& block : blocks) {
    block.network = random_address(rng, v6);
    block.prefix_bits = static_cast<std::uint8_t>(v6 ? 40 + rng() % 25 : 20 + rng() % 13);
    for (unsigned bit = block.prefix_bits; bit < (v6 ? 128 : 32); ++bit) {
      block.network.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    }
  }
  return blocks;
}

/// Clients in no order, so that nothing can be guessed. Arguments: blocks, IP version.
void access_list(benchmark::State& state) {
  const bool v6 = state.range(1) == 6;
  Rng rng(1);
  const auto deny = random_blocks(rng, static_cast<std::size_t>(state.range(0)), v6);
  const CidrSet set({}, deny, true);
  std::vector<IpAddress> clients(1 << 16);
  for (IpAddress& client : clients) client = random_address(rng, v6);
  std::size_t at = 0;
  measure(state, [&] {
    benchmark::DoNotOptimize(set.contains(clients[at]));
    at = (at + 1) & (clients.size() - 1);
  });
  state.counters["bytes"] = static_cast<double>(set.bytes());
}
BENCHMARK(access_list)->Args({10, 4})->Args({100'000, 4})->Args({10, 6})->Args({100'000, 6});

/// What a reload pays for a list.
void access_list_build(benchmark::State& state) {
  Rng rng(1);
  const auto deny = random_blocks(rng, static_cast<std::size_t>(state.range(0)), false);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(CidrSet({}, deny, true).bytes());
}
BENCHMARK(access_list_build)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::bench
