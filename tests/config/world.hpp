// The surroundings of a configuration under test: files, environment and certificates that the test itself
// makes up. Single thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace weir::config::testing {

struct World {
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> environment;

  /// A certificate or log is bad when the path says so: `missing` is not there, `other` belongs to another key.
  Surroundings surroundings() const;
};

/// `text` as the file a.yaml.
LoadResult load_text(const std::string& text, const World& world = {});

/// Every problem, one a line; empty for a configuration.
std::string problems_of(const LoadResult& result);

/// The smallest configuration that loads, with `more` behind it.
std::string minimal(const std::string& more = "");

}  // namespace weir::config::testing
