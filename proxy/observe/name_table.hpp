// Names of routes, upstreams, endpoints and listeners as small ids, for metrics. Filled by the control thread
// when a snapshot is built. What no configuration names any more leaves in two steps: retired, its id is given to
// no name, and the same name would get another one; released, when no worker counts under it, the id is free again.
// Control thread only.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "observe/worker_metrics.hpp"

namespace weir::observe {

class NameTable {
 public:
  /// The id of `name`, handed out on first sight; no_name for "". There are as many as memory holds: past 16 million
  /// the process ends.
  NameId intern(const std::string& name);
  /// The id of `name`; no_name when it was never interned, or left.
  NameId find(const std::string& name) const;
  const std::string& name(NameId id) const;  // "" for no_name

  void retire(NameId id);
  void release(NameId id);  // of a retired one
  bool in_use(NameId id) const {
    return id < names_.size() && !names_[id].text.empty() && !names_[id].retired;
  }

  /// Names that are in use or retired.
  std::size_t size() const { return names_.size() - free_.size(); }
  /// Every id is below that.
  NameId ids_end() const { return static_cast<NameId>(names_.size()); }

 private:
  struct Name {
    std::string text;  // empty: the id is free
    bool retired = false;
  };
  std::vector<Name> names_;
  std::vector<NameId> free_;
  std::unordered_map<std::string, NameId> ids_;  // of those that are not retired
};

}  // namespace weir::observe
