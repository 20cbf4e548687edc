// The streams of a connection by id, and how the latest ones before them ended. Flat and sorted: ids only grow, so a
// new stream goes to the end. Owns no stream. Pure; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "http2/stream.hpp"

namespace weir::http2 {

class StreamTable {
 public:
  /// How a stream that is gone ended, which says what its late frames are (RFC 9113 5.1, closed).
  enum class End : std::uint8_t {
    unknown,  // too long ago, or never opened
    ended,    // END_STREAM both ways
    reset_by_us,
    reset_by_peer,
  };
  static constexpr std::size_t remembered_max = 128;

  std::size_t size() const { return entries_.size(); }
  Stream* find(std::uint32_t id) const;
  /// `stream` has its id, which is larger than those of all others.
  void insert(Stream& stream);
  void erase(const Stream& stream);
  /// The one with the lowest id above `id`, or nullptr: for walks during which streams are erased.
  Stream* after(std::uint32_t id) const;

  void remember(std::uint32_t id, End end);
  End remembered(std::uint32_t id) const;

 private:
  struct Entry {
    std::uint32_t id;
    Stream* stream;
  };
  struct Gone {
    std::uint32_t id = 0;
    End end = End::unknown;
  };
  std::size_t lower_bound(std::uint32_t id) const;

  std::vector<Entry> entries_;
  std::array<Gone, remembered_max> gone_{};
  std::size_t gone_next_ = 0;
};

}  // namespace weir::http2
