#include "core/ip.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace weir {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

IpAddress from_v6_bytes(const std::uint8_t* bytes) {
  IpAddress ip;
  if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes)) {
    std::memcpy(ip.bytes.data(), bytes + mapped_prefix.size(), 4);
    return ip;
  }
  ip.v6 = true;
  std::memcpy(ip.bytes.data(), bytes, 16);
  return ip;
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof terminated || text.find('\0') != text.npos) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  std::uint8_t bytes[16];
  if (inet_pton(AF_INET, terminated, bytes) == 1) {
    IpAddress ip;
    std::memcpy(ip.bytes.data(), bytes, 4);
    return ip;
  }
  if (inet_pton(AF_INET6, terminated, bytes) == 1) return from_v6_bytes(bytes);
  return std::nullopt;
}

IpAddress IpAddress::from_sockaddr(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    return from_v6_bytes(v6.sin6_addr.s6_addr);
  }
  IpAddress ip;
  if (address.ss_family == AF_INET) {
    std::memcpy(ip.bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  }
  return ip;
}

namespace {

/// Every byte as people write it, so that an address is four short copies.
struct ByteText {
  char text[3];
  std::uint8_t length;
};

constexpr auto byte_texts = [] {
  std::array<ByteText, 256> texts{};
  for (unsigned byte = 0; byte < texts.size(); ++byte) {
    ByteText& entry = texts[byte];
    for (const unsigned power : {100u, 10u, 1u}) {
      if (byte >= power || power == 1)
        entry.text[entry.length++] = static_cast<char>('0' + byte / power % 10);
    }
  }
  return texts;
}();

}  // namespace

std::size_t IpAddress::write(char* out) const {
  if (v6) {
    inet_ntop(AF_INET6, bytes.data(), out, INET6_ADDRSTRLEN);
    return std::strlen(out);
  }
  char* at = out;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *at++ = '.';
    const ByteText& byte = byte_texts[bytes[static_cast<std::size_t>(i)]];
    std::memcpy(at, byte.text, sizeof byte.text);  // what is too much is written over
    at += byte.length;
  }
  return static_cast<std::size_t>(at - out);
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN];
  return {text, write(text)};
}

bool IpAddress::is_loopback() const {
  if (!v6) return bytes[0] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; }) && bytes[15] == 1;
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  // A mapped address is folded to IPv4, so its prefix would mean something else: refused.
  if (!ip->v6 && text.substr(0, slash).find(':') != text.npos) return std::nullopt;
  const unsigned bits_max = ip->v6 ? 128 : 32;
  unsigned bits = bits_max;
  if (slash != text.npos && (!parse_number(text.substr(slash + 1), bits) || bits > bits_max))
    return std::nullopt;
  const Cidr cidr{*ip, static_cast<std::uint8_t>(bits)};
  for (unsigned bit = bits; bit < bits_max; ++bit) {
    if (ip->bytes[bit / 8] & (0x80u >> (bit % 8))) return std::nullopt;
  }
  return cidr;
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.v6 != network.v6) return false;
  const std::size_t whole = prefix_bits / 8;
  if (!std::equal(network.bytes.begin(), network.bytes.begin() + whole, address.bytes.begin())) return false;
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00u >> rest);
  return (address.bytes[whole] & mask) == (network.bytes[whole] & mask);
}

std::string Cidr::to_string() const {
  return network.to_string() + "/" + std::to_string(prefix_bits);
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != host.npos) return std::nullopt;
  const auto ip = IpAddress::parse(host);
  SocketAddress address;
  if (!ip || !parse_number(text.substr(colon + 1), address.port)) return std::nullopt;
  if (bracketed != (host.find(':') != host.npos)) return std::nullopt;
  address.ip = *ip;
  return address;
}

SocketAddress SocketAddress::from_sockaddr(const sockaddr_storage& address) {
  SocketAddress result;
  result.ip = IpAddress::from_sockaddr(address);
  if (address.ss_family == AF_INET) {
    result.port = ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  } else if (address.ss_family == AF_INET6) {
    result.port = ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return result;
}

socklen_t SocketAddress::to_sockaddr(sockaddr_storage& out) const {
  out = {};
  if (ip.v6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(v6.sin6_addr.s6_addr, ip.bytes.data(), 16);
    return sizeof v6;
  }
  auto& v4 = reinterpret_cast<sockaddr_in&>(out);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  std::memcpy(&v4.sin_addr, ip.bytes.data(), 4);
  return sizeof v4;
}

std::string SocketAddress::to_string() const {
  const std::string host = ip.v6 ? "[" + ip.to_string() + "]" : ip.to_string();
  return host + ":" + std::to_string(port);
}

}  // namespace weir
