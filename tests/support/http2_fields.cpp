#include "support/http2_fields.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace weir::testing {
namespace {

const std::uint8_t* octets(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::string text_of(const std::uint8_t* data, std::size_t size) {
  return std::string(data, data + size);
}

/// RFC 9113 8.2.2
bool belongs_to_a_connection(std::string_view name) {
  constexpr std::string_view names[] = {"connection",        "keep-alive", "proxy-connection",
                                        "transfer-encoding", "upgrade",    "http2-settings"};
  return std::ranges::find(names, name) != std::end(names);
}

}  // namespace

void FieldDecoder::Deleter::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

FieldDecoder::FieldDecoder() {
  nghttp2_hd_inflater* inflater = nullptr;
  if (nghttp2_hd_inflate_new(&inflater) != 0) throw TestFailure("no HPACK inflater");
  inflater_.reset(inflater);
}

Fields FieldDecoder::decode(std::string_view block) {
  Fields fields;
  for (;;) {
    nghttp2_nv field{};
    int flags = 0;
    const ssize_t used =
        nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, octets(block), block.size(), 1);
    if (used < 0) throw TestFailure("HPACK");
    block.remove_prefix(static_cast<std::size_t>(used));
    const bool emitted = (flags & NGHTTP2_HD_INFLATE_EMIT) != 0;
    if (emitted) {
      fields.all.emplace_back(text_of(field.name, field.namelen), text_of(field.value, field.valuelen));
      if ((field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0)
        fields.never_indexed.push_back(fields.all.back().first);
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    if (used == 0 && !emitted) throw TestFailure("HPACK that does not end");
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  return fields;
}

std::string fault_in(const Fields& fields) {
  for (const auto& [name, value] : fields.all) {
    const bool named = !name.empty() && name.find_first_of(" :\t\r\n") == name.npos && to_lower(name) == name;
    if (!named) return "name of a field: " + name;
    if (belongs_to_a_connection(name)) return "field of a connection: " + name;
    if (value.find_first_of(std::string_view("\0\r\n", 3)) != value.npos) return "value of " + name;
    const bool trimmed = value.empty() || (value.find_first_not_of(" \t") == 0 &&
                                           value.find_last_not_of(" \t") == value.size() - 1);
    if (!trimmed) return "space around the value of " + name;
  }
  return "";
}

}  // namespace weir::testing
