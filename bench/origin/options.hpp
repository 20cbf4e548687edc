// What the command line says, and the little state that all loops of one weir-origin share. Written before
// the loops start; afterwards only what may change from any thread does.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "behaviour.hpp"
#include "fault.hpp"

namespace weir::origin {

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one; the ready line says which
  std::string name = "origin";
  std::string version_header;  // empty: no X-Version field
  unsigned threads = 1;
  Behaviour behaviour;  // to begin with
};

struct Shared {
  explicit Shared(Options chosen) : options(std::move(chosen)), behaviour(options.behaviour, options.name) {
    common_fields = "Server: weir-origin\r\n";
    if (!options.version_header.empty()) common_fields += "X-Version: " + options.version_header + "\r\n";
  }

  Options options;
  std::string common_fields;  // ready-made lines that every response carries
  std::atomic<bool> healthy{true};
  FaultSwitch fault;
  BehaviourSwitch behaviour;
  std::atomic<std::uint64_t> requests{0};  // but those to /control, /fault and /stats
};

}  // namespace weir::origin
