// The files of rollouts, one for each route that had one: `rollouts/ROUTE` in server.state_dir. A replaced file is the
// old one or the new one, whole, whenever the process ends. Depends on files only; blocking; the control thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "rollout/record.hpp"

namespace weir::control {

/// So many files are read at the start; a configuration has no more routes with rollouts than that.
inline constexpr std::size_t rollout_files_max = 20'000;

class RolloutStore {
 public:
  /// `folder` empty: memory only, nothing is read or written.
  explicit RolloutStore(std::string folder = {})
      : folder_(folder.empty() ? std::string() : folder + "/rollouts") {}

  struct Opened {
    std::vector<rollout::Saved> saved;
    std::vector<std::string>
        problems;  // a phrase for each file that is not whole; it is set aside as `.broken`
  };
  /// Makes the folder, for this user only, and reads what is there. Error (internal): the folder cannot be used.
  Result<Opened> open();
  /// On the disk when it returns. Error (internal): the file is the old one.
  Result<void> save(const rollout::Record& record, const rollout::State& state) const;
  void remove(std::string_view route) const;

  std::string file_of(std::string_view route) const { return folder_ + "/" + std::string(route); }

 private:
  const std::string folder_;
};

}  // namespace weir::control
