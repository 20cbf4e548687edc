#include "compared.hpp"

#include "rivals.hpp"

namespace weir::sim {
namespace {

Compared compare(const Scenario& scenario, std::uint64_t seed) {
  FlaggerLike flagger;
  RepeatedZ z_test;
  std::optional<std::uint64_t> flagger_after, z_after;
  const auto watch = [&](const Look& look) {
    if (look.is_new_step) z_test = {};
    if (!flagger_after && flagger.look(look.seconds, look.all)) flagger_after = look.all.canary;
    if (!z_after && z_test.look(look.step_seconds, look.step)) z_after = look.all.canary;
  };
  Compared compared{run_trial(scenario, seed, watch), {}, {}};
  compared.flagger_after = flagger_after;
  compared.z_after = z_after;
  return compared;
}

}  // namespace

std::vector<Compared> run_compared(const Scenario& scenario, std::size_t count, std::uint64_t seed) {
  std::vector<Compared> all(count);
  for_each_trial(count, [&](std::size_t i) { all[i] = compare(scenario, seed_of(seed, i)); });
  return all;
}

}  // namespace weir::sim
