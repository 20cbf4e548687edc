// What is kept of one route's rollout, beside the state of its machine: what it was started with, what it has done, and
// how it ended. Plain values and their text form, which a Weir that restarts reads. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/sip_hash.hpp"
#include "rollout/decision.hpp"
#include "rollout/state.hpp"
#include "rollout/state_text.hpp"
#include "split/state.hpp"

namespace weir::rollout {

/// Of a rollout so many decisions are kept, the latest ones.
inline constexpr std::size_t decisions_kept_max = 32;
inline constexpr std::size_t sentence_bytes_max = 1'024;
/// So many addresses of the canary are remembered; further ones are taken for known.
inline constexpr std::size_t known_endpoints_max = 1'024;
inline constexpr std::size_t address_bytes_max = 64;

/// How it is with a rollout beyond its phase.
enum class End : std::uint8_t {
  none,     // it runs, or its phase says how it ended
  aborted,  // an operator's weights, or a changed configuration, ended it: its weights are not in force
};

/// Something that it did, as it is shown later.
struct Done {
  std::uint64_t number = 0;  // 1, 2, ... in this rollout
  std::int64_t at_ms = 0;    // Unix time
  std::string kind, cause;   // `step`, `none`; to_string of a Decision's, or `restarted`, `aborted`
  Share from = 0, to = 0;
  std::string sentence;
  bool operator==(const Done&) const = default;
};

struct Record {
  std::uint64_t id =
      0;  // Unix time in milliseconds of its start: higher than that of an earlier one of the route
  Names names;
  std::string stable;            // upstream; `names.comparison` where there is no baseline
  split::NamedWeights base;      // the configuration's own weights when it began
  Settings settings;             // that it began with
  bool keep = false;             // new addresses of the canary do not restart it
  std::string who, reason;       // one line each; reason may be empty
  SipKey client_key;             // hashes of clients, the same over restarts of Weir
  std::uint64_t sides_mark = 0;  // of what decides a client's side: another one begins anew
  std::uint32_t restarts = 0;    // new deployments of the canary
  End end = End::none;
  bool is_settled = false;         // it is over, and its weights are the split's
  std::vector<std::string> known;  // addresses of the canary
  std::vector<Done> done;          // the latest, oldest first
};

/// Record and state of a route, as they are saved together.
struct Saved {
  Record record;
  State state;
};

/// Adds to `record.done`, under the next number, and cuts what is too long.
void add_done(Record& record, Done done);

//   weir-rollout 1
//   id 1763690400000
//   route api
//   upstreams green blue blue         canary, what it is compared with, stable
//   base blue=100 green=0
//   steps 500 2500 5000 10000         settings, all of them: basis points, milliseconds
//   times 600000 21600000 30000       hold, max_hold, warmup
//   units 200 20 1                    min_requests, min_clients, replicas
//   rate 100 50 10                    false_rollback, tolerate.failures, tolerate.latency
//   on hold hold                      on_low_traffic, on_shared_cause
//   watch latency client_errors       what of it
//   split clients baseline            a unit is a client; there is a baseline
//   key 5c1fd6a0b1e3fc42 5c1fd6a0b1e3fc42 5c1fd6a0b1e3fc42     client_key, sides_mark
//   run keep aborted settled 2        flags that hold, and restarts
//   who root@edge-1 from 127.0.0.1
//   reason new checkout               absent: none
//   known 10.0.0.3:3000               a line each
//   done 1 1763690400000 started none 0 500 api: green starts at 5 % ...
//   state                             then the text of write_state
//   check 5c1fd6a0b1e3fc42            SipHash-2-4 with key 0 of everything before: the text is whole
inline constexpr std::size_t record_bytes_max = state_bytes_max + 256 * 1024;
std::string write_record(const Record& record, const State& state);
/// Exactly what write_record wrote, or an error (internal) that names the line.
Result<Saved> parse_record(std::string_view text);

}  // namespace weir::rollout
