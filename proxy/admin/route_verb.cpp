#include "admin/route_verb.hpp"

#include <array>
#include <utility>

namespace weir::control {

std::optional<RouteVerbPath> route_verb_of(std::string_view target) {
  constexpr std::string_view before = "/api/v1/routes/";
  constexpr std::array<std::pair<std::string_view, RouteVerb>, 3> verbs{
      {{"pause", RouteVerb::pause}, {"promote", RouteVerb::promote}, {"rollback", RouteVerb::rollback}}};
  std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with(before)) return std::nullopt;
  path.remove_prefix(before.size());
  const std::size_t slash = path.find('/');
  if (slash == 0 || slash == path.npos) return std::nullopt;
  for (const auto& [word, verb] : verbs) {
    if (path.substr(slash + 1) == word) return RouteVerbPath{path.substr(0, slash), verb};
  }
  return std::nullopt;
}

RouteVerbMethods methods_of(RouteVerb verb) {
  if (verb == RouteVerb::pause) return {true, "PUT"};
  return {false, "POST"};
}

}  // namespace weir::control
