#include "observe/name_life.hpp"

namespace weir::observe {

std::vector<NameId> NameLife::due(const NameTable& names, const std::vector<bool>& in_use, TimePoint now) {
  std::vector<NameId> left;
  for (NameId id = 0; id < names.ids_end(); ++id) {
    if (!names.in_use(id)) continue;
    if (id < in_use.size() && in_use[id]) {
      unused_.erase(id);
      continue;
    }
    const Unused& unused = unused_.try_emplace(id, Unused{scrapes_, now}).first->second;
    const bool shown = scrapes_ - unused.scrape < scrapes_after;
    if (shown && now - unused.since < unscraped_after) continue;
    left.push_back(id);
    unused_.erase(id);
  }
  return left;
}

}  // namespace weir::observe
