#include "health/cause.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::health {

static_assert(static_cast<int>(ErrorKind::internal) + 1 < 128, "an error kind must fit below the statuses");

std::string Cause::text() const {
  if (code_ == 0) return {};
  static_assert(first_grpc_code + grpc::status_count <= 256, "a cause is one byte");
  if (code_ >= first_grpc_code) {
    return "grpc_" + std::string(grpc::to_string(static_cast<grpc::Status>(code_ - first_grpc_code)));
  }
  if (code_ >= first_status_code) return "status " + std::to_string(status_first + code_ - first_status_code);
  return std::string(facts(static_cast<ErrorKind>(code_ - 1)).name);
}

std::string causes_text(RecentCauses recent, std::uint64_t count) {
  std::array<std::pair<Cause, unsigned>, recent_causes_max> found;
  std::size_t kinds = 0;
  for (unsigned i = 0; i < std::min<std::uint64_t>(count, recent_causes_max); ++i) {
    const Cause cause = Cause::of_code(static_cast<std::uint8_t>(recent >> (8 * i)));
    if (cause.code() == 0) continue;
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(kinds);
    const auto known =
        std::find_if(found.begin(), end, [cause](const auto& entry) { return entry.first == cause; });
    if (known == end) found[kinds++] = {cause, 0};
    ++known->second;
  }
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(kinds);
  std::stable_sort(found.begin(), end, [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (auto entry = found.begin(); entry != end; ++entry) {
    text += (text.empty() ? "" : ", ") + entry->first.text() + " x" + std::to_string(entry->second);
  }
  return text;
}

}  // namespace weir::health
