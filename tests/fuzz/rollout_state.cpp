// The text of a rollout's state, with and without a right check line: no crash, and what is accepted is written back
// byte for byte, and either fits its settings or is refused.
#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "core/stable_hash.hpp"
#include "require.hpp"
#include "rollout/rollout.hpp"
#include "rollout/state_text.hpp"

using namespace weir;
using fuzz::require;

namespace {

void read(const std::string& text) {
  auto state = rollout::parse_state(text);
  if (!state) return;
  require(rollout::write_state(*state) == text);
  auto restored = rollout::Rollout::restore({}, {"api", "green", "blue"}, std::move(*state), {});
  if (!restored) return;
  rollout::Tick tick;
  tick.now += std::chrono::seconds{1};
  restored->tick(tick);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read(text);
  read(text + fmt::format("check {:016x}\n", stable_hash({}, text)));
  return 0;
}
