// How many of an endpoint's latest requests failed: a sliding window as a ring of eight parts, each one atomic
// word on one shared cache line. Any thread; no locks; pure.
//
// What is counted is never older than the window, and covers at least 7/8 of it (the present part has only begun).
// A part that had 65535 of a kind halves both counts, which keeps the rate. An outcome counts for the epoch of its
// request's ticket only: what was sent before an ejection says nothing afterwards. Of two reports that race for a
// part that begins anew, none is lost; one that was held up for a whole window may wipe a part, so counts may come
// out too low, never too high.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::health {

class OutcomeWindow {
 public:
  static constexpr std::size_t parts = 8;

  struct Counts {
    std::uint32_t requests = 0, failures = 0;
    /// Of 100; 0 without requests.
    unsigned percent() const {
      return requests == 0 ? 0 : static_cast<unsigned>(std::uint64_t{failures} * 100 / requests);
    }
    bool operator==(const Counts&) const = default;
  };

  void record(bool failed, std::uint16_t epoch, TimePoint now, Milliseconds window);
  Counts counts(std::uint16_t epoch, TimePoint now, Milliseconds window) const;

 private:
  // tag: 32 bits (epoch: 6 | number of the part since the clock began: 26) | successes: 16 | failures: 16.
  // With the shortest window (1 s) a tag comes again after 97 days, and only a part that nothing touched since
  // could be mistaken.
  using Word = std::uint64_t;
  static constexpr std::uint32_t number_bits = 26;
  static constexpr std::uint32_t number_mask = (1U << number_bits) - 1;
  static constexpr std::uint32_t count_max = 0xffff;

  static std::uint32_t number_at(TimePoint now, Milliseconds window);
  static std::uint32_t tag_of(std::uint16_t epoch, std::uint32_t number) {
    return static_cast<std::uint32_t>(epoch) << number_bits | number;
  }

  alignas(64) std::array<std::atomic<Word>, parts> parts_{};
};

}  // namespace weir::health
