#include "observe/name_table.hpp"

#include <cstdlib>
#include <utility>

namespace weir::observe {

NameId NameTable::intern(const std::string& name) {
  if (name.empty()) return no_name;
  const auto found = ids_.find(name);
  if (found != ids_.end()) return found->second;
  if (free_.empty()) {
    if (names_.size() >= no_name) std::abort();  // so many endpoints at once fit no memory
    names_.emplace_back();
    free_.push_back(static_cast<NameId>(names_.size() - 1));
  }
  const NameId id = free_.back();
  names_[id].text = name;
  ids_.emplace(name, id);
  free_.pop_back();
  return id;
}

NameId NameTable::find(const std::string& name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? no_name : found->second;
}

const std::string& NameTable::name(NameId id) const {
  static const std::string none;
  return id < names_.size() ? names_[id].text : none;
}

void NameTable::retire(NameId id) {
  if (!in_use(id)) return;
  names_[id].retired = true;
  ids_.erase(names_[id].text);
}

void NameTable::release(NameId id) {
  if (id >= names_.size() || !names_[id].retired) return;
  free_.push_back(id);
  names_[id] = {};
}

}  // namespace weir::observe
