// What can be done to a route beside its weights: /api/v1/routes/NAME/pause, /promote and /rollback. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::control {

enum class RouteVerb : std::uint8_t { pause, promote, rollback };

struct RouteVerbPath {
  std::string_view route;  // percent-encoded as it came
  RouteVerb verb = RouteVerb::pause;
};
/// Nothing for every other target; query or not.
std::optional<RouteVerbPath> route_verb_of(std::string_view target);

/// The methods besides HEAD that such a path takes: one that reads, where it has something to show, and one that
/// writes.
struct RouteVerbMethods {
  bool reads = false;
  std::string_view write;
};
RouteVerbMethods methods_of(RouteVerb verb);

struct RouteVerbCall {
  RouteVerb verb = RouteVerb::pause;
  bool write = false;
  std::string route, body;
  std::string peer;  // address of the client
};
struct RouteVerbOutcome {
  int status = 200;  // otherwise `detail` and `errors` say why nothing changed
  std::string detail;
  std::vector<std::string> errors;
  std::string json;  // what is in force on all workers
};

inline RouteVerbOutcome refused_verb(int status, std::string detail, std::vector<std::string> errors = {}) {
  return {status, std::move(detail), std::move(errors), {}};
}

}  // namespace weir::control
