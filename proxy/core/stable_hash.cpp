#include "core/stable_hash.hpp"

namespace weir {

std::uint64_t stable_hash(const SipKey& key, std::string_view bytes) {
  SipHash<2, 4> state(key);
  state.add(bytes);
  return state.finish();
}

}  // namespace weir
