// ChunkedDecoder over arbitrary bytes: the same data, trailers and end however the bytes arrive; what was
// decoded, encoded again, decodes to the same. The first byte chooses the size of the pieces.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/text.hpp"
#include "http/trailers.hpp"
#include "http1/chunked.hpp"
#include "require.hpp"

namespace {

using namespace weir::http;
using namespace weir::http1;
using weir::fuzz::require;
using weir::fuzz::require_inside;

struct Decoded {
  std::string data;
  std::string trailers;
  std::size_t consumed = 0;
  bool finished = false;
  bool failed = false;
};

Decoded decode(std::string_view input, std::size_t step_bytes) {
  ChunkedDecoder decoder;
  Decoded decoded;
  while (decoded.consumed < input.size() && !decoded.finished) {
    const std::string_view piece = input.substr(decoded.consumed, step_bytes);
    const auto step = decoder.decode(piece, weir::Origin::upstream);
    if (!step) {
      require(step.error().kind == weir::ErrorKind::response_malformed);
      decoded.failed = true;
      return decoded;
    }
    require(step->consumed <= piece.size() && (step->consumed > 0 || step->finished));
    require_inside(step->data, piece);
    require(step->finished == decoder.finished());
    decoded.data += step->data;
    decoded.consumed += step->consumed;
    decoded.finished = step->finished;
  }
  if (decoded.finished) decoded.trailers = decoder.trailers();
  return decoded;
}

void require_sound_trailers(std::string_view trailers) {
  require(trailers.size() <= ChunkedDecoder::trailer_bytes_max);
  require(trailers.empty() || trailers.ends_with("\r\n"));
  require(static_cast<std::size_t>(std::ranges::count(trailers, '\n')) <= trailer_count_max);
  require(forwardable_trailers(trailers, {}).size() <= trailers.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Decoded whole = decode(input, input.size());
  for (const std::size_t step_bytes : {std::size_t{1}, std::size_t{data[0]} + 1}) {
    const Decoded pieces = decode(input, step_bytes);
    require(pieces.failed == whole.failed && pieces.finished == whole.finished);
    require(pieces.data == whole.data && pieces.trailers == whole.trailers);
    require(whole.failed || pieces.consumed == whole.consumed);
  }
  if (!whole.finished) return 0;
  require_sound_trailers(whole.trailers);
  std::string again;
  if (!whole.data.empty()) {
    char line[20];
    again.append(line, write_chunk_size(whole.data.size(), line)).append(whole.data).append(chunk_end);
  }
  again.append(last_chunk).append(whole.trailers).append(chunk_end);
  const Decoded twice = decode(again, again.size());
  require(twice.finished && twice.data == whole.data && twice.trailers == whole.trailers);
  require(twice.consumed == again.size());
  return 0;
}
