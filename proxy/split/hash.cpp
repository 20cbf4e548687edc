#include "split/hash.hpp"

#include "core/sip_hash.hpp"

namespace weir::split {

std::uint64_t hash(HashKey key, std::string_view bytes) {
  SipHash<2, 4> state({key.low, key.high});
  state.add(bytes);
  return state.finish();
}

}  // namespace weir::split
