#include "control/rollout_store.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "control/durable_file.hpp"

namespace weir::control {
namespace {

namespace fs = std::filesystem;

/// Files that are neither set aside nor left by a write that a crash cut: names of routes have no dot.
std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.find('.') == name.npos && names.size() < rollout_files_max) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<RolloutStore::Opened> RolloutStore::open() {
  Opened opened;
  if (folder_.empty()) return opened;
  if (auto made = make_folder(folder_); !made) return made.error();
  // The files have keys that clients are hashed with.
  std::error_code not_ours;
  fs::permissions(folder_, fs::perms::owner_all, not_ours);
  for (const std::string& name : names_in(folder_)) {
    auto text = read_file(file_of(name), rollout::record_bytes_max);
    if (!text) return text.error();
    if (!*text) continue;
    auto saved = rollout::parse_record(**text);
    if (saved && saved->record.names.route == name) {
      opened.saved.push_back(std::move(*saved));
      continue;
    }
    std::error_code ignored;
    fs::rename(file_of(name), file_of(name) + ".broken", ignored);
    opened.problems.push_back(file_of(name) + ": " + (saved ? "is of another route" : saved.error().detail) +
                              "; set aside as " + name + ".broken, the split's own weights are in force");
  }
  return opened;
}

Result<void> RolloutStore::save(const rollout::Record& record, const rollout::State& state) const {
  if (folder_.empty()) return {};
  return replace_file(file_of(record.names.route), rollout::write_record(record, state));
}

void RolloutStore::remove(std::string_view route) const {
  if (folder_.empty()) return;
  std::error_code ignored;
  fs::remove(file_of(route), ignored);
}

}  // namespace weir::control
