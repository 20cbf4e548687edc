#include "observe/name_table.hpp"

namespace weir::observe {

NameId NameTable::intern(const std::string& name) {
  if (name.empty()) return no_name;
  const auto found = ids_.find(name);
  if (found != ids_.end()) return found->second;
  if (names_.size() >= no_name) return no_name;
  const auto id = static_cast<NameId>(names_.size());
  names_.push_back(name);
  ids_.emplace(name, id);
  return id;
}

NameId NameTable::find(const std::string& name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? no_name : found->second;
}

const std::string& NameTable::name(NameId id) const {
  static const std::string none;
  return id < names_.size() ? names_[id] : none;
}

}  // namespace weir::observe
