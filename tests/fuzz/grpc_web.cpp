// Bodies of gRPC-Web: base64 in any pieces gives the same bytes or the same refusal, in place, too; and whatever is
// encoded is decoded. The first byte chooses the size of the pieces.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "grpc/web.hpp"
#include "require.hpp"

namespace {

using namespace weir;
using fuzz::require;
using grpc::Web;

/// The body, or nothing where it is refused.
std::optional<std::string> decode(std::string_view text, std::size_t step) {
  grpc::RequestDecoder decoder(Web::text);
  std::string body;
  for (std::size_t at = 0; at < text.size(); at += step) {
    std::string run(text.substr(at, step));
    const auto bytes = decoder.decode(run, run.data());
    if (!bytes) {
      require(bytes.error().kind == ErrorKind::malformed_request && bytes.error().origin == Origin::client);
      return std::nullopt;
    }
    require(*bytes <= run.size());
    body.append(run, 0, *bytes);
  }
  if (!decoder.finish()) return std::nullopt;
  return body;
}

/// Every piece padded.
std::string encode(std::string_view body, std::size_t step, std::string_view trailers) {
  grpc::ResponseEncoder encoder(Web::text);
  std::string text;
  for (std::size_t at = 0; at < body.size(); at += step) {
    const std::string_view run = body.substr(at, step);
    const std::size_t before = text.size();
    encoder.encode(run, text);
    encoder.flush(text);
    require(text.size() - before <= grpc::ResponseEncoder::encoded_bytes_max(run.size()));
  }
  encoder.finish(trailers, text);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = std::size_t{data[0]} + 1;
  const std::size_t all = std::max<std::size_t>(input.size(), 1);
  const auto whole = decode(input, all);
  require(decode(input, step) == whole && decode(input, 1) == whole);
  if (whole) require(whole->size() <= input.size() / 4 * 3);

  const std::string_view lines = "grpc-status: 0\r\n";
  std::string frame;
  grpc::ResponseEncoder(Web::binary).finish(lines, frame);
  const auto again = decode(encode(input, step, lines), step);
  require(again && *again == std::string(input) + frame);

  std::string odd;  // lines that are none: nothing is said of them but that they stay in bounds
  grpc::ResponseEncoder(Web::binary).finish(input, odd);
  require(odd.size() <= input.size() + 3 * input.size() + 5);
  return 0;
}
