// What `weir explain --live` says beside what the configuration says: values of one moment, read from the running
// process. Plain values; live_text.cpp and live_json.cpp show them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::control {

/// How much of a bound is used; max 0: it has none.
struct LiveBound {
  std::uint32_t used = 0, max = 0;
};

/// The bucket of a rate limit that the request meets, before it takes anything.
struct LiveBucket {
  std::uint64_t tokens = 0;
  std::string next;    // until there is one more; empty: it is full
  bool known = false;  // the key has been here lately; otherwise its bucket is full
};

/// Of a route that an operator paused: its requests wait.
struct LivePause {
  std::string said;   // by whom, since when and why, and until when at the latest
  LiveBound waiting;  // requests, of those that may
};

struct LiveSide {
  std::string upstream;
  std::uint32_t configured = 0, weight = 0;  // weight: in force
  std::size_t usable = 0, total = 0;         // endpoints
  bool out = false;                          // none can be used: its requests go to the other sides
  std::string trial;  // of a side that is out: how often a request tries it; empty: never
};

struct LiveEndpoint {
  std::string address, state;
  std::string why, since, until;  // of the state; empty: nothing to say
  LiveBound requests;             // at once
  std::optional<double> latency_ms;
  std::uint32_t weight = 1;
  double effective_weight = 1;
  bool slow_start = false;
  double share = 0;      // of the next picks
  std::string unpicked;  // why it gets none of them
};

struct LiveUpstream {
  std::string name;
  LiveBound requests;  // counted where max_requests is set
  LiveBound queue;
  std::uint64_t retries = 0, retries_allowed = 0;  // of the last ten seconds
  bool panic = false;
  bool by_chance = false;  // shares of picks are a sample
  std::string next;        // what the next request gets: an endpoint, a place in the queue, or why none
  std::vector<LiveEndpoint> endpoints;
};

struct PresentFacts {
  std::uint64_t generation = 0;
  std::string config_hash, state;
  std::size_t workers = 0;
  std::string pressure, pressed_by;  // pressed_by: the bound that is nearest; empty where pressure is normal
  std::optional<LiveBound> in_flight;  // of the route, where max_in_flight is set
  std::optional<LivePause> pause;      // of the route, where it is paused
  std::vector<LiveSide> sides;         // empty: no split
  std::string weights_set;             // by whom; empty: they are the configuration's
  std::optional<LiveUpstream> upstream;
};

}  // namespace weir::control
