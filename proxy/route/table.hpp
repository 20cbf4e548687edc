// First matching route, in the order of the file, with a cost that stays flat with many routes: hash on host
// (exact, then wildcards), then a tree of path segments, then the few remaining conditions of the candidates. Every
// index lists route numbers in rising order, and the smallest number whose conditions all hold wins, so nothing that
// cannot win any more is looked at. Only expressions (path_regex) of one host are tried one after another.
// Immutable after build; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "http/head.hpp"

namespace weir::route {

/// What a rule can look at. Views live for the call only.
struct Request {
  std::string_view host;  // normalised (http/uri.hpp), no port
  std::string_view path;  // normalised; "*" (OPTIONS *) is only under the prefix "/"
  std::string_view method;
  const std::vector<http::Field>* fields = nullptr;  // nullptr: none
  std::size_t listener = 0;                          // index
  std::string_view scheme = "http";                  // of the client, as far as it is trusted: http or https
};

inline constexpr std::size_t no_route = static_cast<std::size_t>(-1);
inline constexpr std::size_t host_bytes_max =
    255;  // RFC 1035 2.3.4; longer hosts meet only routes for any host

/// One condition of a route, held against one request.
struct Finding {
  bool holds = false;
  std::string text;  // e.g. "host api.example.com: matches *.example.com", "path /x: not under /api"
};

class RouteTable {
 public:
  /// Expressions were checked with Regex::compile when the configuration was loaded; one that does not compile
  /// here never matches.
  explicit RouteTable(const std::vector<config::Route>& routes);
  ~RouteTable();
  RouteTable(RouteTable&&) noexcept;
  RouteTable& operator=(RouteTable&&) noexcept;

  /// Index of the first route that matches, or no_route. No allocation, but for an expression's
  /// automaton, which grows with the first texts that it sees (core/regex.hpp).
  std::size_t find(const Request& request) const;

  /// Why route `index` does or does not match: one finding per condition that it sets, in the order host, path,
  /// method, headers, listener, scheme (for `weir explain`). Listeners show by number where they have no name.
  std::vector<Finding> explain(std::size_t index, const Request& request,
                               std::span<const std::string> listener_names = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The path to send upstream for a rewrite: of `sent_path` (the client's, dot segments resolved) the part that a prefix
/// route matched in `normalised_path` is replaced by `rewrite` (segment borders kept: one slash between the two,
/// whichever of them brought it), and the rest stays as it is; of an exact or regex route's path all is replaced.
/// Appends to `out`; the query is not touched.
void rewrite_path(const config::PathMatch& match, std::string_view normalised_path,
                  std::string_view sent_path, std::string_view rewrite, std::string& out);

}  // namespace weir::route
