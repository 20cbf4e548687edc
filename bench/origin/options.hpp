// What the command line says, and the little state that all loops of one weir-origin share. Written before
// the loops start; afterwards only the atomics change.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "fault.hpp"

namespace weir::origin {

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one; the ready line says which
  std::string name = "origin";
  std::string version_header;  // empty: no X-Version field
  unsigned threads = 1;
};

struct Shared {
  explicit Shared(Options chosen) : options(std::move(chosen)) {
    common_fields = "Server: weir-origin\r\n";
    if (!options.version_header.empty()) common_fields += "X-Version: " + options.version_header + "\r\n";
  }

  Options options;
  std::string common_fields;  // ready-made lines that every response carries
  std::atomic<bool> healthy{true};
  FaultSwitch fault;
  std::atomic<std::uint64_t> requests{0};  // but those to /fault and /stats
};

}  // namespace weir::origin
