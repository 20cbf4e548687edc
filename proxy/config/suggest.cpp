#include "config/suggest.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace weir::config {
namespace {

std::string folded(std::string_view text) {
  std::string out = http::lower(text);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
  const std::string a = folded(left);
  const std::string b = folded(right);
  // Three rows of the optimal string alignment table.
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.size() > suggest_bytes_max) return std::nullopt;
  // Numbers that look alike are not meant alike.
  if (std::none_of(word.begin(), word.end(), [](char c) { return http::is(c, http::char_class::alpha); })) {
    return std::nullopt;
  }
  std::size_t best = std::max<std::size_t>(1, (word.size() + 1) / 3) + 1;
  std::optional<std::string> found;
  for (std::size_t i = 0; i < std::min(candidates.size(), suggest_candidates_max); ++i) {
    const std::string_view candidate = candidates[i];
    if (candidate.size() > suggest_bytes_max) continue;
    const std::size_t distance = edit_distance(word, candidate);
    // All letters replaced is no likeness.
    if (distance >= best || distance >= std::min(word.size(), candidate.size())) continue;
    best = distance;
    found = std::string(candidate);
  }
  return found;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates,
                         const std::string& otherwise) {
  const auto name = nearest(word, candidates);
  return name ? "did you mean '" + *name + "'?" : otherwise;
}

std::string list_names(const std::vector<std::string_view>& names) {
  std::string out;
  const std::size_t shown = std::min(names.size(), listed_names_max);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  if (shown < names.size()) out += ", ...";
  return out;
}

}  // namespace weir::config
