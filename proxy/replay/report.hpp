// What a replay found, as plain values, and as text and JSON. Pure; any thread.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::replay {

/// In what a request's end can differ.
enum class Difference : std::uint8_t {
  listener,    // the new configuration has none of that name
  route,       // another one, or none
  access,      // refused by an access list in one of the two
  rate_limit,  // refused by a rate limit in one of the two
  answer,      // of Weir's own: redirect, respond, refusal of the path; or one instead of proxying
  upstream,
  path,  // as the endpoint gets it
};
inline constexpr std::size_t difference_count = 7;
std::string_view to_string(Difference difference);

struct Example {
  std::uint64_t line = 0;
  std::string ts, request, client;  // request: GET host/path?query
  std::string old, now;
};

/// Requests of a route in the old configuration and in the new one, where weights say who gets how many.
struct Shift {
  std::string old_route, now_route;
  std::uint64_t requests = 0;
  struct Side {
    std::string upstream;
    double old = 0, now = 0;  // share, 0 .. 1
  };
  std::vector<Side> sides;
  double moved = 0;  // share that goes elsewhere
};

struct Report {
  std::uint64_t lines = 0, requests = 0;
  std::uint64_t unreadable = 0, first_unreadable = 0;  // first_unreadable: number of its line
  std::string why_unreadable;                          // of the first one
  std::string first_ts, last_ts;                       // of requests, as they stand in the log

  // Together they are the requests.
  std::uint64_t same = 0, different = 0, unknown = 0;
  std::uint64_t early = 0;                      // of the same: ended before anything looked at the path
  std::uint64_t misfits = 0, first_misfit = 0;  // the old configuration would not have done what the log says

  struct OfKind {
    std::uint64_t requests = 0;
    std::vector<Example> examples;
  };
  std::array<OfKind, difference_count> kinds;        // one request may be in several
  std::map<std::string, std::uint64_t> unknown_for;  // what the log lacks
  std::vector<Shift> shifts;                         // whose shares differ
  double moved = 0;                                  // requests that are expected to go elsewhere by weights

  struct Limits {
    bool any = false;                            // some configuration has one
    std::uint64_t logged = 0, old = 0, now = 0;  // refused: by the log, by either configuration
    std::uint64_t skipped = 0;                   // took no token: their route is unknown
    std::uint64_t evictions = 0;
  } limits;

  /// Nothing would be different, and nothing is unknown: every line could be read.
  bool all_same() const { return different == 0 && unknown == 0 && unreadable == 0 && shifts.empty(); }
};

/// `log`: its name. Lines for people.
std::string to_text(const Report& report, std::string_view log);
boost::json::object to_json(const Report& report);

}  // namespace weir::replay
