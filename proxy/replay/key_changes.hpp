// What differs between two configurations, key by key, in the order and the words of the configuration file. Things
// with names are the same where they have the same name. Secrets and bodies are compared and not shown. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model.hpp"

namespace weir::replay {

struct KeyChange {
  enum class Kind : std::uint8_t {
    changed,
    added,
    removed,
    moved,   // a route that stands elsewhere; `now`: behind which
    hidden,  // differs in something that is not shown
  };
  Kind kind = Kind::changed;
  std::string path;                   // routes.api.split.targets.green.weight
  std::string old, now;               // values as JSON; of a list what left it and what came
  std::vector<KeyChange> settings{};  // of what was added: its keys that have other values than the defaults
};

std::vector<KeyChange> key_changes(const config::Config& before, const config::Config& now);

/// A line for each, and of what was added a line for each setting.
std::string to_text(const std::vector<KeyChange>& changes);

std::string_view name_of(KeyChange::Kind kind);

}  // namespace weir::replay
