// A route's header policies, compiled: which fields to drop and which text to append, decided once per
// snapshot, so that the request path only looks up names. Pure; immutable after compile, any thread.
#pragma once

#include <boost/container/flat_set.hpp>
#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "http/head.hpp"

namespace weir::http {

/// One direction (request or response), one kind of connection (plain or TLS).
class CompiledFields {
 public:
  void drop(std::string_view name);
  void set(std::string_view name, std::string_view value);            // drops any other value of that name
  void set_if_absent(std::string_view name, std::string_view value);

  /// True when a field received with this name must not pass.
  bool drops(const Field& field) const;
  /// Appends `Name: value\r\n` lines: everything set, and of set_if_absent what `received` lacks.
  void append_to(std::string& out, const std::vector<Field>& received) const;

 private:
  static constexpr std::size_t ids = 512;
  std::bitset<ids> dropped_ids_;                                 // known names
  boost::container::flat_set<std::string> dropped_names_;        // unknown names, lower case
  std::vector<std::pair<std::string, std::string>> set_;         // name, value
  std::string set_text_;                                         // the same, ready to append
  std::vector<std::pair<std::string, std::string>> if_absent_;
};

struct HeaderPolicy {
  CompiledFields request;
  CompiledFields response_plain;
  CompiledFields response_tls;

  /// `policies` in the order in which the route names them; later ones win.
  static HeaderPolicy compile(const std::vector<const config::HeaderPolicy*>& policies);
};

}  // namespace weir::http
