// What a route asks of a request besides host and path: method, header fields, listener, scheme. Immutable after
// build; any thread, no allocation.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "core/regex.hpp"
#include "route/table.hpp"

namespace weir::route {

/// A field of this name exists, or exists with this value (case-sensitive) or one that the expression matches as a
/// whole. Of several fields with the name any one will do. Names are compared without case (RFC 9110 5.1).
class HeaderCondition {
 public:
  explicit HeaderCondition(const config::HeaderMatch& match);

  bool holds(const Request& request) const;
  Finding explain(const Request& request) const;

 private:
  bool value_fits(std::string_view value) const;

  config::HeaderMatch match_;
  std::optional<Regex> expression_;
};

class Conditions {
 public:
  explicit Conditions(const config::RouteMatch& match);

  bool hold(const Request& request) const { return unconditional_ || all_hold(request); }
  void explain(const Request& request, std::span<const std::string> listener_names,
               std::vector<Finding>& out) const;

 private:
  bool all_hold(const Request& request) const;
  bool method_holds(std::string_view method) const;
  bool listener_holds(std::size_t listener) const;
  bool scheme_holds(std::string_view scheme) const {
    return scheme_ == config::Scheme::any || (scheme == "https") == (scheme_ == config::Scheme::https);
  }

  bool unconditional_;
  std::vector<std::string> methods_;  // empty: any
  std::vector<HeaderCondition> headers_;
  std::vector<std::size_t> listeners_;  // empty: any
  config::Scheme scheme_;
};

/// "a, b, c".
std::string join(const std::vector<std::string>& items);

}  // namespace weir::route
