// Writes fields of a header block in HPACK (RFC 7541) without a dynamic table and without Huffman codes: names and
// pairs of the static table by their index, all else as it is. So nothing is remembered, blocks may be written in any
// order, and what is written for one connection is right for every other. Pure; any thread; depends on http's names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.hpp"

namespace weir::http2 {

/// Appends fields to a block: they are collected on a page of the stack and appended together. Pseudo-fields stand
/// before all others, which is up to the caller.
class BlockWriter {
 public:
  static constexpr std::size_t static_name_bytes_max = 27;  // names of the static table are not longer

  /// `out` has everything that was written once the writer is gone.
  explicit BlockWriter(std::string& out) : out_(out) { make_room(); }
  ~BlockWriter() { out_.append(page_, used()); }  // there is room: nothing is thrown
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;

  /// One field, its name in lower case. Set-Cookie, Cookie and the credentials of Authorization and Proxy-Authorization
  /// are marked as never to be indexed by those who pass them on (RFC 7541 7.1.3).
  void field(std::string_view name, std::string_view value);

  /// The same where it is known which field `name` is; FieldId::unknown: none of those that have an id. Much cheaper.
  void field(http::FieldId id, std::string_view name, std::string_view value);

  /// The same of a name that is in lower case already.
  void lower_field(std::string_view name, std::string_view value);

  /// The same, marked as never to be indexed, whatever the name is.
  void never_indexed(std::string_view name, std::string_view value);

  /// The same of a name that is known not to be in the static table.
  void literal(std::string_view name, std::string_view value);

  // Pseudo-fields of requests.
  void method(std::string_view value);
  void scheme(std::string_view value);
  void authority(std::string_view value);
  void path(std::string_view value);

  /// `:status`, 100 to 999.
  void status(int code);

 private:
  std::size_t used() const { return static_cast<std::size_t>(at_ - page_); }
  std::size_t room() const { return static_cast<std::size_t>(page_ + sizeof page_ - at_); }
  void make_room() { out_.reserve(out_.size() + sizeof page_); }
  void spill();
  void ensure(std::size_t bytes);
  void put(std::string_view text);
  void put_byte(unsigned byte) { *at_++ = static_cast<char>(byte); }
  void put_length(std::size_t length);
  void put_lower(std::string_view text);
  void literal_of(unsigned kind, std::string_view name, std::string_view value);
  void indexed_name(std::uint8_t index, std::string_view value);

  std::string& out_;
  char page_[1536];  // nearly every head fits
  char* at_ = page_;
};

/// A single field, as BlockWriter writes it.
inline void append_field(std::string& out, std::string_view name, std::string_view value) {
  BlockWriter(out).field(name, value);
}
inline void append_field(std::string& out, http::FieldId id, std::string_view name, std::string_view value) {
  BlockWriter(out).field(id, name, value);
}
inline void append_status(std::string& out, int code) {
  BlockWriter(out).status(code);
}

}  // namespace weir::http2
