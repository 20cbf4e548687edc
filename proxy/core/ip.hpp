// IP addresses, CIDR blocks and socket addresses as plain values. IPv4-mapped IPv6 addresses are folded to
// IPv4 at construction, so that one client has one address. Pure; any thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // IPv4: the first four
  bool v6 = false;

  /// Text form (`192.0.2.1`, `2001:db8::1`; no brackets, no port, no zone). Nothing on anything else.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress from_sockaddr(const sockaddr_storage& address);
  std::string to_string() const;
  /// Writes the text form to `out` (at least 46 bytes); returns its length. No allocation.
  std::size_t write(char* out) const;
  bool is_loopback() const;
  auto operator<=>(const IpAddress&) const = default;
};

struct Cidr {
  IpAddress network;
  std::uint8_t prefix_bits = 0;

  /// `10.0.0.0/8`, `2001:db8::/32`, or one address. Host bits must be zero: nothing otherwise.
  static std::optional<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string to_string() const;
  bool operator==(const Cidr&) const = default;
};

struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  /// `127.0.0.1:80`, `[::1]:80`. Nothing on anything else (no names).
  static std::optional<SocketAddress> parse(std::string_view text);
  static SocketAddress from_sockaddr(const sockaddr_storage& address);
  /// Fills `out`; returns the length to hand to the kernel.
  socklen_t to_sockaddr(sockaddr_storage& out) const;
  std::string to_string() const;
  auto operator<=>(const SocketAddress&) const = default;
};

}  // namespace weir
