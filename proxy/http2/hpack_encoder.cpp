#include "http2/hpack_encoder.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "core/copy_text.hpp"
#include "http/lower_case.hpp"

namespace weir::http2 {
namespace {

using http::FieldId;

struct StaticName {
  std::string_view text;
  std::uint8_t index;  // the first of the name
  FieldId id = FieldId::unknown;
};

/// The names of RFC 7541 appendix A.
constexpr StaticName static_names[] = {
    {":authority", 1},
    {":method", 2},
    {":path", 4},
    {":scheme", 6},
    {":status", 8},
    {"accept-charset", 15, FieldId::accept_charset},
    {"accept-encoding", 16, FieldId::accept_encoding},
    {"accept-language", 17, FieldId::accept_language},
    {"accept-ranges", 18, FieldId::accept_ranges},
    {"accept", 19, FieldId::accept},
    {"access-control-allow-origin", 20, FieldId::access_control_allow_origin},
    {"age", 21, FieldId::age},
    {"allow", 22, FieldId::allow},
    {"authorization", 23, FieldId::authorization},
    {"cache-control", 24, FieldId::cache_control},
    {"content-disposition", 25, FieldId::content_disposition},
    {"content-encoding", 26, FieldId::content_encoding},
    {"content-language", 27, FieldId::content_language},
    {"content-length", 28, FieldId::content_length},
    {"content-location", 29, FieldId::content_location},
    {"content-range", 30, FieldId::content_range},
    {"content-type", 31, FieldId::content_type},
    {"cookie", 32, FieldId::cookie},
    {"date", 33, FieldId::date},
    {"etag", 34, FieldId::etag},
    {"expect", 35, FieldId::expect},
    {"expires", 36, FieldId::expires},
    {"from", 37, FieldId::from},
    {"host", 38, FieldId::host},
    {"if-match", 39, FieldId::if_match},
    {"if-modified-since", 40, FieldId::if_modified_since},
    {"if-none-match", 41, FieldId::if_none_match},
    {"if-range", 42, FieldId::if_range},
    {"if-unmodified-since", 43, FieldId::if_unmodified_since},
    {"last-modified", 44, FieldId::last_modified},
    {"link", 45, FieldId::link},
    {"location", 46, FieldId::location},
    {"max-forwards", 47, FieldId::max_forwards},
    {"proxy-authenticate", 48, FieldId::proxy_authenticate},
    {"proxy-authorization", 49, FieldId::proxy_authorization},
    {"range", 50, FieldId::range},
    {"referer", 51, FieldId::referer},
    {"refresh", 52},
    {"retry-after", 53, FieldId::retry_after},
    {"server", 54, FieldId::server},
    {"set-cookie", 55, FieldId::set_cookie},
    {"strict-transport-security", 56, FieldId::strict_transport_security},
    {"transfer-encoding", 57, FieldId::transfer_encoding},
    {"user-agent", 58, FieldId::user_agent},
    {"vary", 59, FieldId::vary},
    {"via", 60, FieldId::via},
    {"www-authenticate", 61, FieldId::www_authenticate},
};

constexpr std::size_t name_bytes_max = BlockWriter::static_name_bytes_max;
static_assert(std::ranges::all_of(static_names, [](const StaticName& name) {
  return !name.text.empty() && name.text.size() <= name_bytes_max;
}));

// --- by text ---

constexpr std::size_t buckets = 256;

/// Of a name of at least one byte, in lower case.
constexpr std::size_t bucket_of(std::string_view name, std::uint32_t seed) {
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(name[at]));
  };
  const auto size = static_cast<std::uint32_t>(name.size());
  const std::uint32_t mix =
      size + (byte(0) << 5) + (byte(name.size() / 2) << 11) + (byte(name.size() - 1) << 17);
  return (mix * seed) >> 24;
}

/// A multiplier that gives each name a bucket of its own; 0: there is none among those tried.
constexpr std::uint32_t find_seed() {
  for (std::uint32_t seed = 0x9e3779b1u, tries = 0; tries < 2000; seed += 0x61c88646u, ++tries) {
    std::array<bool, buckets> taken{};
    bool clash = false;
    for (const StaticName& name : static_names) {
      bool& bucket = taken[bucket_of(name.text, seed | 1u)];
      clash = clash || bucket;
      bucket = true;
    }
    if (!clash) return seed | 1u;
  }
  return 0;
}
constexpr std::uint32_t seed = find_seed();
static_assert(seed != 0);

/// Bucket -> position in static_names; an empty one has that of a name which belongs elsewhere, and so does not match.
constexpr auto positions = [] {
  std::array<std::uint8_t, buckets> table{};
  for (std::size_t i = 0; i < std::size(static_names); ++i) {
    table[bucket_of(static_names[i].text, seed)] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

/// Index in the static table of a name in lower case; 0: it has none.
std::uint8_t index_of(std::string_view name) {
  if (name.empty() || name.size() > name_bytes_max) return 0;
  const StaticName& candidate = static_names[positions[bucket_of(name, seed)]];
  return candidate.text == name ? candidate.index : std::uint8_t{0};
}

// --- by id ---

constexpr std::size_t field_ids = 512;  // above every FieldId of Beast
static_assert(static_cast<std::size_t>(FieldId::xref) < field_ids);

constexpr auto indexes = [] {
  std::array<std::uint8_t, field_ids> table{};
  for (const StaticName& name : static_names) {
    if (name.id != FieldId::unknown) table[static_cast<std::size_t>(name.id)] = name.index;
  }
  return table;
}();

// --- what is written ---

constexpr std::uint8_t indexed = 0x80;           // RFC 7541 6.1
constexpr std::uint8_t without_indexing = 0x00;  // 6.2.2
constexpr std::uint8_t marked = 0x10;            // 6.2.3: never to be indexed
constexpr std::uint8_t index_max = 15;           // of literals: what four bits hold is below
constexpr std::uint8_t pair_names_last = 16;     // names of the table that have a value there

std::uint8_t literal_kind(std::uint8_t index) {
  switch (index) {
    case 23:  // authorization
    case 32:  // cookie
    case 49:  // proxy-authorization
    case 55:  // set-cookie
      return marked;
    default:
      return without_indexing;
  }
}

/// Index of a pair of the static table; 0: it has not this one.
std::uint8_t pair_index(std::uint8_t name_index, std::string_view value) {
  switch (name_index) {
    case 2:
      return value == "GET" ? 2 : value == "POST" ? 3 : 0;
    case 4:
      return value == "/" ? 4 : value == "/index.html" ? 5 : 0;
    case 6:
      return value == "http" ? 6 : value == "https" ? 7 : 0;
    case 16:
      return value == "gzip, deflate" ? 16 : 0;
    default:
      return 0;
  }
}

/// Lengths from here on have more than one byte (RFC 7541 5.1, a prefix of seven bits).
constexpr std::size_t length_max = 0x7f;
/// A literal whose texts are shorter than that.
constexpr std::size_t short_literal_bytes_max = 3 + 2 * length_max;

/// A literal without its texts: first byte, rest of the index, and two lengths.
constexpr std::size_t frame_bytes_max = 2 + 2 * 11;

}  // namespace

void BlockWriter::spill() {
  out_.append(page_, used());
  at_ = page_;
  make_room();
}

/// For what is not longer than a page.
void BlockWriter::ensure(std::size_t bytes) {
  if (bytes > room()) [[unlikely]]
    spill();
}

/// What does not fit goes past the page, after what is there.
void BlockWriter::put(std::string_view text) {
  if (text.size() > room()) [[unlikely]] {
    spill();
    out_ += text;
    return make_room();
  }
  at_ = copy_text(at_, text);
}

/// RFC 7541 5.1 with a prefix of seven bits and 5.2 without Huffman codes: the length of a string.
void BlockWriter::put_length(std::size_t length) {
  if (length < length_max) return put_byte(static_cast<unsigned>(length));
  put_byte(length_max);
  for (length -= length_max; length >= 0x80; length >>= 7)
    put_byte(static_cast<unsigned>(length & 0x7f) | 0x80);
  put_byte(static_cast<unsigned>(length));
}

void BlockWriter::put_lower(std::string_view text) {
  while (!text.empty()) {
    if (room() == 0) spill();
    const std::string_view part = text.substr(0, room());
    http::write_lower(at_, part);
    at_ += part.size();
    text.remove_prefix(part.size());
  }
}

void BlockWriter::indexed_name(std::uint8_t index, std::string_view value) {
  ensure(frame_bytes_max);
  if (index <= pair_names_last) {
    if (const std::uint8_t pair = pair_index(index, value)) return put_byte(indexed | pair);
  }
  const std::uint8_t kind = literal_kind(index);
  if (index < index_max) {
    put_byte(kind | index);
  } else {
    put_byte(kind | index_max);
    put_byte(static_cast<unsigned>(index - index_max));
  }
  put_length(value.size());
  put(value);
}

void BlockWriter::literal_of(unsigned kind, std::string_view name, std::string_view value) {
  if (name.size() < length_max && value.size() < length_max && short_literal_bytes_max <= room()) [[likely]] {
    put_byte(kind);
    put_byte(static_cast<unsigned>(name.size()));
    http::write_lower(at_, name);
    at_ += name.size();
    put_byte(static_cast<unsigned>(value.size()));
    at_ = copy_text(at_, value);
    return;
  }
  ensure(frame_bytes_max);
  put_byte(kind);
  put_length(name.size());
  put_lower(name);
  ensure(frame_bytes_max);
  put_length(value.size());
  put(value);
}

void BlockWriter::literal(std::string_view name, std::string_view value) {
  literal_of(without_indexing, name, value);
}

void BlockWriter::never_indexed(std::string_view name, std::string_view value) {
  literal_of(marked, name, value);
}

void BlockWriter::lower_field(std::string_view name, std::string_view value) {
  if (const std::uint8_t index = index_of(name)) return indexed_name(index, value);
  ensure(frame_bytes_max);
  put_byte(without_indexing);
  put_length(name.size());
  put(name);
  ensure(frame_bytes_max);
  put_length(value.size());
  put(value);
}

void BlockWriter::field(std::string_view name, std::string_view value) {
  if (name.size() > name_bytes_max) return literal(name, value);
  char lower[name_bytes_max];
  http::write_lower(lower, name);
  lower_field({lower, name.size()}, value);
}

void BlockWriter::field(FieldId id, std::string_view name, std::string_view value) {
  const std::uint8_t index = indexes[static_cast<std::size_t>(id)];
  if (index != 0) return indexed_name(index, value);
  literal(name, value);
}

void BlockWriter::method(std::string_view value) {
  indexed_name(2, value);
}

void BlockWriter::scheme(std::string_view value) {
  indexed_name(6, value);
}

void BlockWriter::authority(std::string_view value) {
  indexed_name(1, value);
}

void BlockWriter::path(std::string_view value) {
  indexed_name(4, value);
}

void BlockWriter::status(int code) {
  assert(code >= 100 && code <= 999);
  ensure(frame_bytes_max);
  switch (code) {
    case 200:
      return put_byte(indexed | 8);
    case 204:
      return put_byte(indexed | 9);
    case 206:
      return put_byte(indexed | 10);
    case 304:
      return put_byte(indexed | 11);
    case 400:
      return put_byte(indexed | 12);
    case 404:
      return put_byte(indexed | 13);
    case 500:
      return put_byte(indexed | 14);
    default:
      break;
  }
  const auto number = static_cast<unsigned>(code);
  put_byte(without_indexing | 8);
  put_byte(3);
  put_byte('0' + number / 100);
  put_byte('0' + number / 10 % 10);
  put_byte('0' + number % 10);
}

}  // namespace weir::http2
