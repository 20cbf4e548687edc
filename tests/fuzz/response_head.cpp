// parse_response_head over arbitrary bytes: the same answer however the bytes arrive; nothing ambiguous is
// accepted. The first byte chooses the request's method, whether it asked for an upgrade, and the size of the
// pieces.
#include <cstdint>
#include <string_view>

#include "http/text.hpp"
#include "http1/parse.hpp"
#include "require.hpp"

namespace {

using namespace weir::http;
using namespace weir::http1;
using weir::fuzz::require;
using weir::fuzz::require_inside;

constexpr HeadLimits limits{.head_bytes = 512, .field_count = 8, .uri_bytes = 64};

struct Question {
  Method method;
  bool upgrade;
};

weir::Result<bool> parse_in_pieces(std::string_view bytes, std::size_t step, Question question,
                                   ResponseHead& head) {
  std::size_t scanned = 0;
  for (std::size_t end = 0; end < bytes.size(); end += step) {
    auto result =
        parse_response_head(bytes.substr(0, end), limits, question.method, question.upgrade, scanned, head);
    if (!result || *result) return result;
  }
  return parse_response_head(bytes, limits, question.method, question.upgrade, scanned, head);
}

void require_sound(std::string_view bytes, const ResponseHead& head, Question question) {
  require(head.bytes <= bytes.size() && head.bytes <= limits.head_bytes);
  const std::string_view text = bytes.substr(0, head.bytes);
  require(text.ends_with("\r\n\r\n"));
  require(head.status >= 100 && head.status <= 599 && is_field_value(head.reason));
  unsigned codings = 0;
  for (const Field& field : head.fields) {
    require(is_token(field.name) && is_field_value(field.value));
    require_inside(field.name, text);
    require_inside(field.value, text);
    if (iequals(field.name, "transfer-encoding")) ++codings;
  }
  require(codings <= 1 && (codings == 0 || head.minor_version == 1));
  require((head.body.kind == BodyKind::chunked) <= (codings == 1));
  if (question.method == Method::head || head.status < 200 || head.status == 204 || head.status == 304) {
    require(head.body.kind == BodyKind::none);
  } else {
    require(head.body.kind != BodyKind::none);
  }
  require(head.body.kind != BodyKind::until_close || !head.keep_alive);
  require(head.upgrade.empty() == (head.status != 101));
  require(head.status != 101 || question.upgrade);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Question question{(data[0] & 1) != 0 ? Method::head : Method::get, (data[0] & 2) != 0};
  ResponseHead whole;
  std::size_t scanned = 0;
  const auto result = parse_response_head(bytes, limits, question.method, question.upgrade, scanned, whole);
  if (result && *result) require_sound(bytes, whole, question);
  for (const std::size_t step : {std::size_t{1}, std::size_t{data[0]} + 1}) {
    ResponseHead head;
    const auto pieces = parse_in_pieces(bytes, step, question, head);
    require(pieces.has_value() == result.has_value());
    if (!result) {
      require(pieces.error().kind == result.error().kind);
    } else {
      require(*pieces == *result);
      require(!*result || (head.bytes == whole.bytes && head.status == whole.status &&
                           head.body.kind == whole.body.kind && head.body.length == whole.body.length &&
                           head.keep_alive == whole.keep_alive && head.fields.size() == whole.fields.size()));
    }
  }
  return 0;
}
