// parse_request_head over arbitrary bytes: the same answer whole, cut once and byte by byte; parts are views
// into the input; nothing ambiguous is accepted. The first byte chooses the cut.
#include <cstdint>
#include <string_view>

#include "http/authority.hpp"
#include "http/text.hpp"
#include "http1/parse.hpp"
#include "require.hpp"

namespace {

using namespace weir::http;
using namespace weir::http1;
using weir::fuzz::require;
using weir::fuzz::require_inside;

// Small limits, so that the fuzzer gets to them.
constexpr HeadLimits limits{.head_bytes = 512, .field_count = 8, .uri_bytes = 64};

struct Outcome {
  weir::Result<bool> result;
  std::size_t offered;  // bytes that it took to get there
};

Outcome parse_in_pieces(std::string_view bytes, std::size_t step, RequestHead& head) {
  std::size_t scanned = 0;
  for (std::size_t end = 0; end < bytes.size(); end += step) {
    auto result = parse_request_head(bytes.substr(0, end), limits, scanned, head);
    require(scanned <= end + 1);
    if (!result || *result) return {std::move(result), end};
  }
  return {parse_request_head(bytes, limits, scanned, head), bytes.size()};
}

void require_sound(std::string_view bytes, const RequestHead& head) {
  require(head.bytes <= bytes.size() && head.bytes <= limits.head_bytes);
  const std::string_view text = bytes.substr(0, head.bytes);
  require(text.ends_with("\r\n\r\n") && text.find('\0') == text.npos);
  require(is_token(head.method_text) && head.target.size() <= limits.uri_bytes);
  require(all(head.target, char_class::visible) &&
          head.path.size() + head.query.size() <= head.target.size());
  require(head.fields.size() <= limits.field_count);
  unsigned framing_fields = 0;
  unsigned hosts = 0;
  for (const Field& field : head.fields) {
    require(is_token(field.name) && is_field_value(field.value));
    require_inside(field.name, text);
    require_inside(field.value, text);
    if (iequals(field.name, "content-length") || iequals(field.name, "transfer-encoding")) ++framing_fields;
    if (iequals(field.name, "host")) ++hosts;
  }
  require(framing_fields == (head.body.kind == BodyKind::none ? 0u : 1u));
  require(head.body.kind != BodyKind::until_close);
  require(hosts == 1 || (hosts == 0 && head.minor_version == 0));
  require(head.authority.empty() || parse_authority(head.authority).has_value());
  require(!head.authority.empty() || head.minor_version == 0);
}

bool same(const RequestHead& a, const RequestHead& b) {
  return a.bytes == b.bytes && a.method_text == b.method_text && a.path == b.path && a.query == b.query &&
         a.authority == b.authority && a.fields.size() == b.fields.size() && a.body.kind == b.body.kind &&
         a.body.length == b.body.length && a.keep_alive == b.keep_alive && a.upgrade == b.upgrade;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  RequestHead whole;
  std::size_t scanned = 0;
  const auto result = parse_request_head(bytes, limits, scanned, whole);
  if (result && *result) require_sound(bytes, whole);
  for (const std::size_t step : {std::size_t{1}, std::size_t{data[0]} + 1}) {
    RequestHead head;
    const Outcome pieces = parse_in_pieces(bytes, step, head);
    require(pieces.result.has_value() == result.has_value());
    if (!result) {
      require(pieces.result.error().kind == result.error().kind);
    } else {
      require(*pieces.result == *result && (!*result || same(head, whole)));
    }
  }
  return 0;
}
