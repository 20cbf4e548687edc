// Secrets of this process that hash what comes from outside. Any thread.
#pragma once

#include <cstdint>
#include <random>

#include "core/sip_hash.hpp"

namespace weir::control {

/// A new one each time, of the system's randomness.
inline SipKey make_secret() {
  std::random_device entropy;
  const auto word = [&entropy] { return std::uint64_t{entropy()} << 32 | entropy(); };
  return {word(), word()};
}

}  // namespace weir::control
