// Names of routes, upstreams, endpoints and listeners as small ids, for metrics. Filled by the control thread
// when a snapshot is built; never shrinks (bounded by NameId). Control thread only.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "observe/worker_metrics.hpp"

namespace weir::observe {

class NameTable {
 public:
  /// The id of `name`, handed out on first sight; no_name for "". When 65,535 names are used up: no_name, for
  /// all further ones.
  NameId intern(const std::string& name);
  /// The id of `name`; no_name when it was never interned.
  NameId find(const std::string& name) const;
  const std::string& name(NameId id) const;  // "" for no_name

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, NameId> ids_;
};

}  // namespace weir::observe
