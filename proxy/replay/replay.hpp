// Goes through an access log of Weir and says for each request whether it would have ended otherwise under another
// configuration. The old configuration is taken to be the one that wrote the log. What depends on something that the
// log does not have is unknown, not guessed. Bounded memory: lines come one at a time. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "replay/buckets.hpp"
#include "replay/judge.hpp"
#include "replay/log_line.hpp"
#include "replay/report.hpp"
#include "replay/suppose.hpp"
#include "replay/unlogged.hpp"

namespace weir::replay {

class Replay {
 public:
  /// Both configurations outlive it. `examples_max`: of each kind of difference.
  Replay(const config::Config& old, const config::Config& now, std::size_t examples_max);
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  /// The next line, whose number is `number`.
  void take(std::string_view line, std::uint64_t number);
  /// A line that cannot be read.
  void skip(std::uint64_t number, std::string_view why);

  Report report() const;

 private:
  using Kinds = std::uint32_t;  // bits, by Difference

  void judge(const LoggedRequest& request, std::uint64_t number);
  void judge_one(const LoggedRequest& request, Case& found, std::uint64_t number);
  void judge_several(const LoggedRequest& request, std::uint64_t number);
  /// False: a limit whose key is not in the log decides.
  bool take_tokens(const LoggedRequest& request, Case& found);
  bool limits_may_differ(const Case& found) const;
  /// Where both proxy. Adds to the shares of splits, or returns `Difference::upstream`. `missing`: what decides and is
  /// not in the log.
  Kinds upstreams(const LoggedRequest& request, const Case& found, bool count, std::string& missing);
  void count_same() { ++report_.same; }
  void count_different(Kinds kinds, const LoggedRequest& request, const Case& found, std::uint64_t number);
  void count_unknown(const std::string& missing);

  const config::Config& old_;
  const config::Config& now_;
  const std::size_t examples_max_;
  const Unlogged unlogged_;
  const Judge old_judge_, now_judge_;
  Suppose suppose_;
  Buckets old_buckets_, now_buckets_;
  LogLineReader reader_;
  LoggedRequest request_;
  Cases cases_;
  std::map<std::pair<const config::Route*, const config::Route*>, std::uint64_t> splits_;  // requests
  Report report_;
};

}  // namespace weir::replay
