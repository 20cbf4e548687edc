// When the workers may forget what they counted under a name: once no configuration that still serves names it and
// its series have left /metrics; where nothing scrapes, after an hour. So thousands of addresses a day cost what an
// hour of them costs. Pure, time passed in. Control thread.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/clock.hpp"
#include "observe/name_table.hpp"
#include "observe/series_life.hpp"

namespace weir::observe {

class NameLife {
 public:
  static constexpr std::uint64_t scrapes_after = SeriesLife::scrapes_after + 1;
  static constexpr Milliseconds unscraped_after{3'600'000};

  /// A scrape has been answered.
  void scraped() { ++scrapes_; }
  /// The names of `names` that nothing in `in_use` (by id; shorter: the rest is not) has used for long enough. They are
  /// forgotten here: retire them.
  std::vector<NameId> due(const NameTable& names, const std::vector<bool>& in_use, TimePoint now);

 private:
  struct Unused {
    std::uint64_t scrape = 0;
    TimePoint since;
  };
  std::uint64_t scrapes_ = 0;
  std::unordered_map<NameId, Unused> unused_;
};

}  // namespace weir::observe
