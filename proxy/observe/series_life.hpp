// How long /metrics shows the series of what left the configuration: for a few more scrapes, so that no scraper misses
// what it counted last, and as long as something of it is still under way. What comes back before the workers have
// forgotten it (name_life.hpp) goes on where it was. Control thread.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "observe/worker_metrics.hpp"

namespace weir::observe {

/// What the configuration in force names.
struct NamesInUse {
  std::vector<NameId> routes, upstreams, listeners, limits;
  std::vector<std::uint64_t> endpoints;  // WorkerMetrics::pair_key(upstream, endpoint label)
};

class SeriesLife {
 public:
  static constexpr std::uint64_t scrapes_after = 10;

  /// One scrape: takes what is long gone out of `merged`.
  void prune(WorkerMetrics& merged, const NamesInUse& in_use);
  /// Workers are about to forget these names: they are shown no more.
  void hide(const std::vector<NameId>& names);
  /// They have; the ids may mean something else from now on.
  void forget(const std::vector<NameId>& names);

 private:
  enum class Kind : std::uint8_t { route, upstream, listener, limit, endpoint };

  void note(Kind kind, std::uint64_t key);
  void note_busy(const WorkerMetrics& merged);
  bool shows(Kind kind, std::uint64_t key);
  bool is_hidden(Kind kind, std::uint64_t key) const;

  std::uint64_t scrape_ = 0;
  std::unordered_set<NameId> hidden_;
  std::unordered_map<std::uint64_t, std::uint64_t>
      last_;  // the scrape that saw it in use last, by kind and key
};

}  // namespace weir::observe
