// What is wrong now, worst first, in sentences for people: what the admin page shows before anything else. Pure.
#pragma once

#include <boost/json/array.hpp>

#include "admin/live_facts.hpp"

namespace weir::control {

/// Certificates that expire within this are problems.
inline constexpr std::chrono::hours certificate_warning{14 * 24};
/// A rollout that was taken back is a problem for so long.
inline constexpr std::chrono::hours rollback_shown{1};
/// Further ones are counted in a last sentence.
inline constexpr std::size_t problems_max = 100;

/// [{"severity":"bad|warn|note","about":"upstream|rollout|certificate|config|process","name","text"}]. bad: requests
/// fail or will; warn: less than there should be; note: an operator wanted it so. `name` where it is about one. No text
/// holds a time that passes, so that it changes only when the problem does.
boost::json::array problems(const LiveFacts& facts, SystemTime now);

}  // namespace weir::control
