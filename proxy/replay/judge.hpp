// What one configuration does with a logged request, by the functions that serve: host and path as rules see them, the
// route, its access lists, and where it goes. In the order of Exchange::walk. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "core/cidr_set.hpp"
#include "core/error.hpp"
#include "replay/log_line.hpp"
#include "replay/unlogged.hpp"
#include "route/table.hpp"

namespace weir::replay {

/// How a request ends.
enum class End : std::uint8_t {
  no_listener,  // the configuration has none of that name
  refused,      // 400: its path
  redirect_to_https,
  no_route,
  access_denied,
  rate_limited,
  redirect,
  respond,
  proxy,
};

struct Verdict {
  End end = End::refused;
  const config::Listener* listener = nullptr;
  const config::Route* route = nullptr;
  const config::AccessList* list = nullptr;  // that refused
  const config::RateLimit* limit = nullptr;  // that refused
  std::string path;                          // as the endpoint gets it, where it is proxied
  bool client_unknown = false;  // an access list would need the client's address, which the log does not have
};

/// One request, prepared for one configuration.
struct Asked {
  std::size_t listener = 0;  // index; or one past the end
  std::string host, path, decoded_path, resolved_path;
  std::string_view sent_path;
  std::optional<Error> refused;  // the path cannot be judged
  bool client_known = true;      // the client's address is what the log says
  std::optional<bool> https;  // how the client reached the outermost trusted proxy; nothing: not in the log
};

class Judge {
 public:
  Judge(const config::Config& config, const Unlogged& unlogged);

  const config::Config& config() const { return config_; }
  /// Whether anything in it depends on how the client reached the outermost trusted proxy.
  bool asks_for_scheme() const { return asks_for_scheme_; }
  bool trusts(const IpAddress& peer) const;
  /// Fills `asked` but for client_known and https.
  void prepare(const LoggedRequest& request, Asked& asked) const;

  /// Redirected before any route is looked for.
  bool redirects_to_https(const Asked& asked, bool https) const;
  /// The route by `fields`, or route::no_route; an error for a path with two readings that lead to different ones.
  Result<std::size_t> route_of(const LoggedRequest& request, Asked& asked,
                               const std::vector<http::Field>& fields, bool https) const;
  /// Questions (Unlogged) that the route depends on.
  const std::vector<std::size_t>& questions_of(std::size_t route) const { return questions_[route]; }
  bool has_questions() const { return has_questions_; }

  /// From the route on, rate limits left out.
  Verdict verdict(const LoggedRequest& request, const Asked& asked, std::size_t route) const;

 private:
  const config::Config& config_;
  std::vector<std::vector<std::size_t>> questions_;  // by route
  route::RouteTable table_;
  std::vector<CidrSet> access_;  // in the order of the configuration
  bool asks_for_scheme_ = false, has_questions_ = false;
};

/// `route api, upstream blue, path /v1/x`, `403 by access list office, route api`.
std::string to_text(const Verdict& verdict, const config::Config& config);

}  // namespace weir::replay
