// What a reload is asked for with, and what a watched one returns to where it is taken back. Plain values; the control
// thread.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "config/model.hpp"
#include "control/config_files.hpp"
#include "control/operator_overrides.hpp"
#include "core/clock.hpp"
#include "split/state.hpp"

namespace weir::control {

struct ReloadWish {
  std::optional<Milliseconds> guard;  // 0: none; nothing: what server.reload_guard in force says
  std::string who, reason;            // who empty: a signal, or --watch

  /// One reload does for both: it is watched for the longer time.
  void join(const ReloadWish& other) {
    if (other.guard) guard = std::max(guard.value_or(Milliseconds{0}), *other.guard);
    if (other.who.empty()) return;
    who = other.who;
    reason = other.reason;
  }
};

/// The configuration before a reload, and what operators had set under it: the reload may have dropped some of that.
struct ReturnPoint {
  std::shared_ptr<const config::Config> config;
  FileDigests files;  // that it was read from
  split::State weights;
  OperatorOverrides overrides;
};

}  // namespace weir::control
