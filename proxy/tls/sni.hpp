// Server names: reading one out of a ClientHello's extension and picking a certificate by it. Pure; a table
// is built once and then read by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir::tls {

inline constexpr std::size_t server_name_bytes_max = 255;  // of a DNS name in text form

/// The host name in the body of a server_name extension (RFC 6066 3); empty when there is none or it is
/// malformed (OpenSSL's own parser then ends the handshake). The view points into `extension`.
std::string_view server_name_of(std::span<const std::uint8_t> extension);

/// Certificate numbers by name: the exact name, then a wildcard for its first label. The first to claim a
/// name keeps it.
class NameTable {
 public:
  /// `name` as in subjectAltName: `example.com` or `*.example.com`; a `*` anywhere else matches nothing.
  void add(std::string_view name, std::size_t certificate);
  /// Case-insensitive; one trailing dot is ignored. Nothing for unknown names.
  std::optional<std::size_t> find(std::string_view host) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Names = std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>;
  Names exact_;
  Names wildcard_;  // without the `*.`
};

}  // namespace weir::tls
