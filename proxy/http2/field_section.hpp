// The decoded fields of one HTTP/2 header block, in order: owns their text, and is reused from block to block without
// allocating anew. What the fields mean is decided by who reads them. Pure; one thread at a time; depends on the
// standard library only.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http2 {

/// What one decoded field section may take, in sizes of RFC 9113 6.5.2: name + value + 32 for each field. Cookies may
/// arrive in many `cookie` fields (RFC 9113 8.2.3): these have bounds of their own and do not count for the others.
struct SectionLimits {
  std::size_t bytes = 32 * 1024;         // limits.header_bytes
  std::size_t count = 100;               // limits.header_count; pseudo-fields not counted
  std::size_t cookie_bytes = 16 * 1024;  // of all `cookie` fields together
  std::size_t cookie_count = 100;
};

/// What a field counts for beyond its text (RFC 7541 4.1).
inline constexpr std::size_t field_overhead_bytes = 32;

struct FieldLine {
  std::string_view name;
  std::string_view value;
  bool never_indexed = false;  // it came as one that is to stay so wherever it is passed on (RFC 7541 6.2.3)
  bool operator==(const FieldLine&) const = default;
};

class FieldSection {
 public:
  FieldSection() = default;
  FieldSection(FieldSection&& other) noexcept { swap(other); }
  FieldSection& operator=(FieldSection&& other) noexcept {
    FieldSection taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~FieldSection() = default;

  /// Keeps what was allocated.
  void clear() {
    used_ = 0;
    lines_.clear();
  }
  /// The texts must not be parts of this section. All texts together stay below 2 GiB.
  void add(std::string_view name, std::string_view value, bool never_indexed = false) {
    assert(used_ + name.size() + value.size() <= UINT32_MAX / 2);
    reserve(name.size() + value.size());
    lines_.push_back({static_cast<std::uint32_t>(used_), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size()) | (never_indexed ? never_indexed_bit : 0)});
    put(name);
    put(value);
  }
  /// Copies a text that is no field and lives as long as the fields do, such as cookies joined; `text` may be part of
  /// this section. Views taken before end here, unless reserve() has made room for all that is added since.
  std::string_view keep(std::string_view text) {
    const std::size_t at = used_;
    if (text.size() > text_.size() - used_) {
      const std::string moved(text);
      reserve(moved.size());
      put(moved);
    } else {
      put(text);
    }
    return {text_.data() + at, text.size()};
  }
  /// Takes back what keep() has added behind the last field.
  void forget_kept() {
    if (lines_.empty()) return;
    const Line& last = lines_.back();
    used_ = last.offset + last.name_bytes + (last.value_bytes & ~never_indexed_bit);
  }
  /// Makes room for `bytes` more of text: until these are used up, views stay good through add() and keep().
  void reserve(std::size_t bytes) {
    if (bytes > text_.size() - used_) [[unlikely]]
      text_.resize(std::max({used_ + bytes, 2 * text_.size(), text_bytes_min}));
  }

  std::size_t size() const { return lines_.size(); }
  bool empty() const { return lines_.empty(); }
  /// Views of this section's text: good until the next add(), keep(), clear() or swap().
  FieldLine operator[](std::size_t index) const {
    const Line& line = lines_[index];
    const char* text = text_.data() + line.offset;
    const std::uint32_t value_bytes = line.value_bytes & ~never_indexed_bit;
    return {{text, line.name_bytes},
            {text + line.name_bytes, value_bytes},
            (line.value_bytes & never_indexed_bit) != 0};
  }
  /// Names and values, and what was kept.
  std::size_t text_bytes() const { return used_; }

  void swap(FieldSection& other) noexcept {
    text_.swap(other.text_);
    std::swap(used_, other.used_);
    lines_.swap(other.lines_);
  }

 private:
  struct Line {
    std::uint32_t offset;
    std::uint32_t name_bytes;
    std::uint32_t value_bytes;  // with the bit
  };
  static constexpr std::uint32_t never_indexed_bit = std::uint32_t{1} << 31;
  /// There is room.
  void put(std::string_view text) {
    if (!text.empty()) std::memcpy(text_.data() + used_, text.data(), text.size());  // may have no data
    used_ += text.size();
  }

  static constexpr std::size_t text_bytes_min = 256;

  std::string text_;  // as much as was ever needed, so that nothing is cleared for each text
  std::size_t used_ = 0;
  std::vector<Line> lines_;
};

}  // namespace weir::http2
