// Conditions of routes on header fields that the access log does not have. Each different one is a question that a
// replay has no answer to, the same question in both configurations. Routes are written anew so that each asks for a
// field of its own instead: a replay that supposes an answer adds that field or leaves it out, and the route table
// that serves decides. Pure; immutable after construction, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "http/head.hpp"
#include "replay/log_line.hpp"

namespace weir::replay {

/// Fields that the log has: User-Agent and Referer.
bool is_logged(std::string_view header);
/// These of a request, as a head would have them. Appends.
void add_logged_fields(const LoggedRequest& request, std::vector<http::Field>& fields);

class Unlogged {
 public:
  Unlogged(const config::Config& old, const config::Config& now);

  /// `routes` with conditions on stand-ins; `questions[i]`: those of route i, rising.
  std::vector<config::Route> with_stand_ins(const std::vector<config::Route>& routes,
                                            std::vector<std::vector<std::size_t>>& questions) const;

  std::size_t size() const { return conditions_.size(); }
  std::string_view header(std::size_t question) const { return conditions_[question].name; }
  /// The field that stands for a yes.
  http::Field stand_in(std::size_t question) const;

 private:
  void add(const config::Config& config);
  std::size_t question_of(const config::HeaderMatch& condition) const;

  std::vector<config::HeaderMatch> conditions_;  // names in lower case
  std::vector<std::string> stand_ins_;
};

}  // namespace weir::replay
