// A rollout as the admin address shows it, read by the command line, and what is printed of it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

namespace weir::control {

struct RolloutSeen {
  struct Done {
    std::uint64_t number = 0;
    std::string at, sentence;
  };
  std::uint64_t id = 0;      // 0: none was started
  std::string route, state;  // state: of the report
  std::string held;          // `low_traffic`, or several; empty: nothing holds it
  std::vector<Done> done;    // oldest first
  std::string progress;      // one line: where it is, and what speaks against it
};

/// Nothing when it is not of that shape.
std::optional<RolloutSeen> read_rollout(std::string_view json);

/// What `weir rollout status` prints of one, for its JSON; nothing when it is not of that shape.
std::optional<std::string> rollout_text(const boost::json::value& rollout);
/// One line of `weir status`.
std::optional<std::string> rollout_line(const boost::json::value& rollout);

}  // namespace weir::control
