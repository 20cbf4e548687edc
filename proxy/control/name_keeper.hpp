// The names that metrics are counted under, and when they are free again: names that no snapshot in use has, and series
// of endpoints that are gone. Control thread; counters belong to the workers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <unordered_set>
#include <vector>

#include "control/serving.hpp"
#include "observe/name_life.hpp"
#include "observe/name_table.hpp"
#include "observe/series_life.hpp"

namespace weir::control {

class NameKeeper {
 public:
  /// `is_busy`: names are made that no snapshot has yet (a reload), so none is forgotten. All outlive this.
  NameKeeper(boost::asio::io_context& context, Serving& serving, observe::NameTable& names,
             std::function<bool()> is_busy);

  /// From now on looks every now and then, beside scrapes.
  void watch();
  /// Takes series of what is gone out of a scrape, which shows them no more.
  void prune(observe::WorkerMetrics& merged);
  /// A scrape has shown what there was.
  void scraped();

 private:
  struct Leaving {
    std::vector<observe::NameId> names;  // retired
    std::vector<bool> gone;              // the same, by id
    std::unordered_set<observe::NameId> busy;
    std::size_t missing = 0;  // workers
  };
  void forget();
  void forgotten(const Leaving& left);

  boost::asio::io_context& context_;
  Serving& serving_;
  observe::NameTable& names_;
  std::function<bool()> is_busy_;
  boost::asio::steady_timer timer_;
  observe::NameLife life_;
  observe::SeriesLife series_;
  std::vector<observe::NameId> kept_;  // retired, and still counted under
  bool forgetting_ = false;
};

}  // namespace weir::control
