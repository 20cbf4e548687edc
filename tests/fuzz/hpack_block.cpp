// Header blocks in HPACK, one after another as on a connection: the same fields and the same end however the bytes
// arrive, never more than the limits allow, and what was received, encoded again, decodes to the same. The first byte
// chooses the size of the pieces; then each block is a byte with its length and as many bytes, or those that are left.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/text.hpp"
#include "http2/field_receiver.hpp"
#include "http2/hpack_encoder.hpp"
#include "require.hpp"

namespace {

using namespace weir::http2;
using weir::fuzz::require;

constexpr SectionLimits limits{.bytes = 512, .count = 8, .cookie_bytes = 256, .cookie_count = 4};

struct Received {
  FieldReceiver::Outcome outcome = FieldReceiver::Outcome::ok;
  bool too_large = false;
  std::vector<std::pair<std::string, std::string>> fields;
  bool operator==(const Received&) const = default;
};

std::vector<std::string_view> blocks_of(std::string_view input) {
  std::vector<std::string_view> blocks;
  while (!input.empty()) {
    const std::size_t bytes = static_cast<unsigned char>(input.front());
    blocks.push_back(input.substr(1, bytes));
    input.remove_prefix(std::min(input.size(), 1 + bytes));
  }
  return blocks;
}

Received receive(FieldReceiver& receiver, std::string_view block, std::size_t step_bytes) {
  Received received;
  receiver.begin();
  for (bool last = false; !last && received.outcome == FieldReceiver::Outcome::ok;) {
    const std::string piece(
        block.substr(0, step_bytes));  // of its own, so that no byte outside of it is read unseen
    block.remove_prefix(piece.size());
    last = block.empty();
    received.outcome = receiver.piece(piece, last);
  }
  received.too_large = receiver.too_large();
  const FieldSection& section = receiver.section();
  for (std::size_t i = 0; i < section.size(); ++i)
    received.fields.emplace_back(section[i].name, section[i].value);
  return received;
}

void require_within_limits(const Received& received) {
  std::size_t bytes = 0, count = 0, cookie_bytes = 0, cookies = 0;
  for (const auto& [name, value] : received.fields) {
    const std::size_t size = name.size() + value.size() + 32;
    if (name == "cookie") {
      cookie_bytes += size;
      ++cookies;
    } else {
      bytes += size;
      if (!name.starts_with(':')) ++count;
    }
  }
  require(bytes <= limits.bytes && count <= limits.count);
  require(cookie_bytes <= limits.cookie_bytes && cookies <= limits.cookie_count);
}

void require_same_again(const Received& received) {
  std::string block;
  for (const auto& [name, value] : received.fields) append_field(block, name, value);
  FieldReceiver receiver(SectionLimits{});
  const Received again = receive(receiver, block, block.size());
  require(again.outcome == FieldReceiver::Outcome::ok && !again.too_large);
  require(again.fields.size() == received.fields.size());
  for (std::size_t i = 0; i < again.fields.size(); ++i) {
    require(again.fields[i].first == weir::http::lower(received.fields[i].first));
    require(again.fields[i].second == received.fields[i].second);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  FieldReceiver whole(limits), in_bytes(limits), in_pieces(limits);
  for (const std::string_view block : blocks_of(input)) {
    const Received received = receive(whole, block, block.size());
    require(receive(in_bytes, block, 1) == received);
    require(receive(in_pieces, block, std::size_t{data[0]} + 1) == received);
    require_within_limits(received);
    if (received.outcome != FieldReceiver::Outcome::ok) return 0;
    require_same_again(received);
  }
  return 0;
}
