// Counts what the program takes from the heap, by thread: linking this replaces the global operator new, aligned forms
// among them (nothrow forms end in these), and gives OpenSSL counting functions before it has taken anything.
#pragma once

#include <cstdint>

namespace weir::bench {

struct Allocations {
  std::uint64_t own = 0;      // calls of operator new
  std::uint64_t openssl = 0;  // OpenSSL's calls of malloc and realloc
};

/// Of this thread so far.
Allocations allocations();

/// Whether OpenSSL took the counting functions; otherwise `openssl` stays 0 and means nothing.
bool counts_openssl();

}  // namespace weir::bench
