// SipHash-2-4 (Aumasson, Bernstein): 64 bits from any bytes and a 128-bit key. Part of what users see: which side of a
// split and which endpoint of `balance: hash` a client gets depends on it, on every machine and in every version, so it
// never changes. Pure; any thread; no allocation.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/sip_hash.hpp"

namespace weir {

std::uint64_t stable_hash(const SipKey& key, std::string_view bytes);

/// Spreads every bit over all others and loses none (the end step of SplitMix64).
constexpr std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

}  // namespace weir
