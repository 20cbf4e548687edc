// The state file of weights set at run time, with and without a right check line: no crash, and what is accepted is
// written back byte for byte.
#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "core/stable_hash.hpp"
#include "require.hpp"
#include "split/state.hpp"

using namespace weir;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto state = split::parse_state(text)) require(split::write_state(*state) == text);
  const std::string checked = text + fmt::format("check {:016x}\n", stable_hash({}, text));
  if (const auto state = split::parse_state(checked)) require(split::write_state(*state) == checked);
  return 0;
}
