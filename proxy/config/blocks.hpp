// One parse function a block of the configuration; each lives in its own file. All report into the field's
// context and return what they could read. Pure but for the files that a block names (through Surroundings);
// the control thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model.hpp"
#include "config/reader.hpp"

namespace weir::config {

/// The names that other blocks may refer to, in order: position is index.
class NameIndex {
 public:
  /// Gives `name` the next index; false when it has one already.
  bool add(const std::string& name);
  /// All keys of a map, those without a usable value too: a reference to them is not one more problem.
  void add_keys(const Node& map);
  std::optional<std::size_t> find(const std::string& name) const;
  /// Parser of a reference; an undefined one is reported with the nearest. `kind`: "upstream" and the like.
  std::optional<std::size_t> resolve(const Field& field, std::string_view kind) const;
  std::size_t size() const { return names_.size(); }

 private:
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::string> names_;
};

struct Names {
  NameIndex listeners, upstreams, rate_limits, header_policies, access_lists;
};

/// The policy that every route has unless it names its own.
inline constexpr std::string_view security_policy_name = "security";

Server parse_server(const Field& field);
Resolver parse_resolver(const Field& field);
Admin parse_admin(const Field& field);
Admin default_admin();
Log parse_log(const Field& field);
std::vector<Listener> parse_listeners(const Field& field, NameIndex& names);
std::vector<Upstream> parse_upstreams(const Field& field, NameIndex& names);
HealthCheck parse_health_check(const Field& field);
std::vector<RateLimit> parse_rate_limits(const Field& field, NameIndex& names);
/// Always holds `security`, the built-in one where `field` does not define it.
std::vector<HeaderPolicy> parse_header_policies(const Field& field, NameIndex& names);
std::vector<HeaderPolicy> default_header_policies(NameIndex& names);
std::vector<AccessList> parse_access_lists(const Field& field, NameIndex& names);
std::vector<Route> parse_routes(const Field& field, const Names& names);
/// Reports what is no path (http/uri.hpp); writes its normalised form.
bool check_path(const Field& field, const std::string& text, std::string& normalised);
RouteMatch parse_match(const Field& field, const Names& names);
Split parse_split(const Field& field, const Names& names);
/// `split`: of the same route, which is `route`.
Rollout parse_rollout(const Field& field, const Names& names, const Split& split, const Field& route);
Mirror parse_mirror(const Field& field, const Names& names);
/// One endpoint, or nothing where it has no usable address.
std::optional<Endpoint> parse_endpoint(const Field& field);
/// How an upstream chooses among its endpoints.
void parse_policy(MapReader& reader, Upstream& upstream);
/// What is spoken to the endpoints. `tls` must be known.
void parse_protocol(MapReader& reader, Upstream& upstream);
/// What the other keys of an upstream say that its protocol cannot do.
void check_protocol(const MapReader& reader, const Upstream& upstream);
/// How much it takes at once, and how fast. The endpoints must be known.
void parse_load(MapReader& reader, Upstream& upstream);

/// `Name: value` maps, in order; names once. Shared by policies and `respond`.
std::vector<NameValue> parse_header_map(const Field& field);

/// What concerns several blocks at once.
void cross_check(const Node& root, const Config& config, Context& context);

}  // namespace weir::config
