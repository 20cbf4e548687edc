#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "simulate/bounds.hpp"

namespace weir::sim {

bool Bound::holds() const {
  const double share = static_cast<double>(hits) / static_cast<double>(trials);
  return (!upper_at_most || upper_99(hits, trials) <= *upper_at_most) &&
         (!lower_at_least || lower_99(hits, trials) >= *lower_at_least) &&
         (!share_at_least || share > *share_at_least);
}

std::string Bound::text() const {
  const double share = static_cast<double>(hits) / static_cast<double>(trials);
  std::string text = fmt::format("{}: {} of {} ({:.2f} %)", what, hits, trials, 100 * share);
  if (upper_at_most)
    text += fmt::format(", below {:.2f} % with 99 %; at most {:.2f} %", 100 * upper_99(hits, trials),
                        100 * *upper_at_most);
  if (lower_at_least)
    text += fmt::format(", above {:.2f} % with 99 %; at least {:.2f} %", 100 * lower_99(hits, trials),
                        100 * *lower_at_least);
  if (share_at_least) text += fmt::format("; more than {:.0f} %", 100 * *share_at_least);
  return text;
}

void Report::heading(const std::string& text) {
  fmt::print("\n{}\n", text);
}

void Report::line(const std::string& text) {
  fmt::print("  {}\n", text);
}

void Report::check(const Bound& bound) {
  const bool fine = bound.holds();
  if (!fine) ++missed_;
  fmt::print("  {} {}\n", fine ? "ok    " : "MISSED", bound.text());
  std::fflush(stdout);
}

std::size_t count_if(const std::vector<Compared>& trials, bool (*holds)(const Compared&)) {
  return static_cast<std::size_t>(std::ranges::count_if(trials, holds));
}

std::vector<double> delays(const std::vector<Compared>& trials) {
  std::vector<double> found;
  for (const Compared& trial : trials) {
    if (trial.rolled_back) found.push_back(static_cast<double>(trial.canary_requests));
  }
  return found;
}

}  // namespace weir::sim
