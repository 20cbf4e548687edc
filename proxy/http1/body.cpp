#include "http1/body.hpp"

#include <algorithm>
#include <limits>

namespace weir::http1 {

using http::BodyKind;
using http::Framing;

BodyDecoder::BodyDecoder(const Framing& framing, Origin origin)
    : framing_(framing),
      origin_(origin),
      finished_(framing.kind == BodyKind::none || (framing.kind == BodyKind::length && framing.length == 0)),
      remaining_(framing.kind == BodyKind::length ? framing.length : 0) {}

Result<BodyDecoder::Step> BodyDecoder::decode(std::string_view input) {
  if (finished_ || input.empty()) return Step{};
  switch (framing_.kind) {
    case BodyKind::none:
      return Step{};
    case BodyKind::length: {
      const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
      remaining_ -= bytes;
      finished_ = remaining_ == 0;
      return Step{bytes, input.substr(0, bytes)};
    }
    case BodyKind::until_close:
      return Step{input.size(), input};
    case BodyKind::chunked:
      break;
  }
  auto step = chunked_.decode(input, origin_);
  if (!step) return step.error();
  finished_ = step->finished;
  return Step{step->consumed, step->data};
}

Result<void> BodyDecoder::end_of_stream() {
  if (finished_) return {};
  if (framing_.kind == BodyKind::until_close) {
    finished_ = true;
    return {};
  }
  if (origin_ == Origin::client)
    return client_error(ErrorKind::client_gone, "the client left before the end of its request");
  return upstream_error(ErrorKind::response_incomplete, "response body ended early");
}

std::uint64_t BodyDecoder::remaining() const {
  if (finished_) return 0;
  if (framing_.kind == BodyKind::length) return remaining_;
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace weir::http1
