// What two configurations do with a logged request under every answer to what the log does not say: header fields, and
// how the client reached the outermost trusted proxy. Only questions that matter are asked, and answers under which the
// old configuration would not have done what the log says are dropped. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "replay/judge.hpp"
#include "replay/log_line.hpp"
#include "replay/unlogged.hpp"

namespace weir::replay {

/// What both do under one set of answers.
struct Case {
  Verdict old, now;
};

struct Cases {
  std::vector<Case> all;  // at least one, but where `too_many` or `readings`
  std::string missing;    // what the log lacks that decides, where there are several
  bool fits = true;       // the old configuration does what the log says, under some answers
  bool too_many = false;  // more than cases_max
  bool readings = false;  // an encoded slash, and conditions on fields that the log does not have
};

inline constexpr std::size_t cases_max = 64;

/// The request ended before anything looked at its path: both configurations do the same.
bool ended_early(const LoggedRequest& request);

class Suppose {
 public:
  /// All outlive it.
  Suppose(const Judge& old, const Judge& now, const Unlogged& unlogged);

  /// `out` is reused.
  void find_cases(const LoggedRequest& request, Cases& out);

  /// Both as find_cases left them.
  const Asked& old_asked() const { return old_asked_; }
  const Asked& now_asked() const { return now_asked_; }

 private:
  enum class Answer : std::int8_t { open, no, yes };

  void prepare(const LoggedRequest& request);
  void explore_scheme(const LoggedRequest& request, Cases& out);
  void explore(const LoggedRequest& request, bool old_https, bool now_https, Cases& out);
  /// The verdict, or the question that has to be answered first.
  bool judge(const Judge& judge, Asked& asked, const LoggedRequest& request, bool https, Verdict& verdict,
             std::size_t& question, Cases& out);
  bool settle_readings(const Judge& judge, Asked& asked, const LoggedRequest& request, bool https);
  void set_fields(const LoggedRequest& request, bool open_is_yes);
  void ask(std::size_t question, const LoggedRequest& request, bool old_https, bool now_https, Cases& out);
  bool did_as_logged(const LoggedRequest& request, const Verdict& old) const;
  void note_missing(std::string_view what, Cases& out) const;

  const Judge& old_;
  const Judge& now_;
  const Unlogged& unlogged_;
  const bool same_trust_;  // trusted_proxies are the same in both
  Asked old_asked_, now_asked_;
  std::vector<Answer> answers_;  // by question
  std::vector<http::Field> fields_;
  std::vector<Case> unfit_;  // under which the old configuration would not have done what the log says
};

}  // namespace weir::replay
