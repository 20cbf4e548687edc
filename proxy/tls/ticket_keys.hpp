// Session ticket keys of one listener, shared by its workers and generations: read from 80-byte files (name
// 16, HMAC 32, AES 32; newest first), or made in memory and rotated. Any thread (short lock, handshakes
// only).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/error.hpp"

namespace weir::tls {

struct TicketKey {
  std::array<std::uint8_t, 16> name{};
  std::array<std::uint8_t, 32> hmac{};
  std::array<std::uint8_t, 32> aes{};
  TicketKey() = default;
  TicketKey(const TicketKey&) = default;
  TicketKey& operator=(const TicketKey&) = default;
  ~TicketKey();  // overwrites the secrets
};

class TicketKeys {
 public:
  static constexpr std::chrono::hours rotation_interval{12};  // in-memory keys; the two before stay valid
  static constexpr std::size_t keys_max = 3;

  TicketKeys();  // in memory, first key made now
  /// Replaces the keys by those of the files (at most keys_max); an empty list goes back to keys in memory,
  /// which stay as they are when they already were. On an error nothing changes. Errors: internal.
  Result<void> load(const std::vector<std::string>& files);
  /// Takes over what `loaded` was loaded with. Cannot fail; keys in memory stay when both have theirs in memory.
  void adopt(const TicketKeys& loaded);
  /// Makes a new first key when the current one is due (in-memory keys only). The first call starts the
  /// count.
  void rotate(TimePoint now);

  TicketKey current() const;
  struct Found {
    TicketKey key;
    bool renew = false;  // not the current key: issue a new ticket
  };
  std::optional<Found> find(const std::uint8_t name[16]) const;

 private:
  void take(std::vector<TicketKey> from_files);
  mutable std::mutex mutex_;
  std::vector<TicketKey> keys_;
  bool from_files_ = false;
  std::optional<TimePoint> made_at_;
};

}  // namespace weir::tls
