#include "admin/token_guard.hpp"

#include <algorithm>

namespace weir::control {

IpAddress TokenGuard::place_of(const IpAddress& address) {
  IpAddress place = address;
  constexpr std::ptrdiff_t network_bytes = 8;
  if (place.v6) std::fill(place.bytes.begin() + network_bytes, place.bytes.end(), std::uint8_t{0});
  return place;
}

bool TokenGuard::is_blocked(const IpAddress& address, TimePoint now) const {
  const auto found = windows_.find(place_of(address));
  const Window& window = found != windows_.end() ? found->second : others_;
  if (found == windows_.end() && windows_.size() < addresses_max) return false;
  return window.wrong >= wrong_max && now - window.begin < window_length;
}

TokenGuard::Window& TokenGuard::window_of(const IpAddress& place, TimePoint now) {
  const auto found = windows_.find(place);
  if (found != windows_.end()) return found->second;
  if (windows_.size() >= addresses_max)
    std::erase_if(windows_, [now](const auto& entry) { return now - entry.second.begin >= window_length; });
  return windows_.size() < addresses_max ? windows_[place] : others_;
}

bool TokenGuard::count_wrong(const IpAddress& address, TimePoint now) {
  Window& window = window_of(place_of(address), now);
  if (now - window.begin >= window_length) window = {now, 0};
  return ++window.wrong == wrong_max;
}

}  // namespace weir::control
