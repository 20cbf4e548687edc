// First matching route, in the order of the file, with a cost that stays flat with many routes: hash on host
// (exact, then wildcards), then a path prefix structure, then the few remaining conditions of the candidates.
// Immutable after build; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "http/head.hpp"

namespace weir::route {

/// What a rule can look at. Views live for the call only.
struct Request {
  std::string_view host;  // normalised (http/uri.hpp), no port
  std::string_view path;  // normalised
  std::string_view method;
  const std::vector<http::Field>* fields = nullptr;
  std::size_t listener = 0;  // index
};

inline constexpr std::size_t no_route = static_cast<std::size_t>(-1);

class RouteTable {
 public:
  explicit RouteTable(const std::vector<config::Route>& routes);
  ~RouteTable();
  RouteTable(RouteTable&&) noexcept;
  RouteTable& operator=(RouteTable&&) noexcept;

  /// Index of the first route that matches, or no_route. No allocation.
  std::size_t find(const Request& request) const;

  /// Why route `index` does or does not match, one phrase per condition in order (for `weir explain`).
  std::vector<std::string> explain(std::size_t index, const Request& request) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The path to send upstream for a rewrite: a prefix route's matched prefix is replaced by `rewrite` (segment
/// borders kept), an exact or regex route's whole path is. Appends to `out`; the query is not touched.
void rewrite_path(const config::PathMatch& match, std::string_view normalised_path, std::string_view rewrite,
                  std::string& out);

}  // namespace weir::route
