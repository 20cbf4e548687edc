// parse_proxy_header over arbitrary bytes: no crash, and the same answer however the bytes arrive in pieces.
#include <cstdint>

#include "listen/proxy_protocol.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using weir::fuzz::require;
  using weir::listen::parse_proxy_header;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = parse_proxy_header(bytes);
  if (whole) require(whole->bytes <= size && whole->bytes <= weir::listen::proxy_header_bytes_max);

  bool settled = false;
  for (std::size_t cut = 0; cut <= size; ++cut) {
    const auto part = parse_proxy_header(bytes.substr(0, cut));
    if (settled || (part && part->bytes == 0)) {
      require(!settled || !part || part->bytes > 0);
      continue;
    }
    settled = true;
    require(part.has_value() == whole.has_value());
    if (!part) continue;
    require(part->bytes == cut && part->bytes == whole->bytes && part->has_address == whole->has_address);
    require(part->source == whole->source && part->destination == whole->destination);
  }
  require(settled || (whole && whole->bytes == 0));
  return 0;
}
