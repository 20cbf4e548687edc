#include "listen/proxy_protocol.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <charconv>
#include <cstring>
#include <optional>

namespace weir::listen {
namespace {

Error refused(const char* why) {
  return client_error(ErrorKind::malformed_request, why);
}

// ---- v1: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"

constexpr std::string_view v1_start = "PROXY ";
constexpr std::string_view v1_unknown = "UNKNOWN";

bool is_prefix(std::string_view text, std::string_view of) {
  return of.substr(0, text.size()) == text;
}

std::optional<IpAddress> parse_v1_address(std::string_view text, bool v6) {
  // The text decides the family: a mapped address is TCP6 as sent and IPv4 once folded.
  if (v6 != (text.find(':') != text.npos)) return std::nullopt;
  return IpAddress::parse(text);
}

/// Whether `text` is the start of some address. Only asked about headers cut inside an address, so the
/// plainest way that cannot disagree with the parser is good enough: try to complete it.
bool may_become_address(std::string_view text, bool v6) {
  static constexpr std::array<std::string_view, 10> endings{"",    "0",    ":",     "::",     ".0",
                                                            "0.0", ".0.0", "0.0.0", ".0.0.0", "0.0.0.0"};
  char completed[64];
  if (text.size() > INET6_ADDRSTRLEN) return false;
  std::memcpy(completed, text.data(), text.size());
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
    std::memcpy(completed + text.size(), ending.data(), ending.size());
    return parse_v1_address({completed, text.size() + ending.size()}, v6).has_value();
  });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// Walks the fields of a v1 line, which `rest` still holds. `cut`: the bytes ended inside a field.
struct V1Fields {
  std::string_view rest;
  bool cut = false;

  std::string_view next(char terminator) {
    const auto end = rest.find(terminator);
    cut = end == rest.npos;
    const std::string_view field = rest.substr(0, end);
    rest = cut ? std::string_view{} : rest.substr(end + 1);
    return field;
  }
  /// True with `out` set, or false: then `cut` distinguishes a field that may still become one from a wrong one.
  bool address(bool v6, IpAddress& out) {
    const std::string_view text = next(' ');
    if (cut) {
      cut = may_become_address(text, v6);
      return false;
    }
    const auto parsed = parse_v1_address(text, v6);
    if (parsed) out = *parsed;
    return parsed.has_value();
  }
  bool port(char terminator, std::uint16_t& out) {
    const std::string_view text = next(terminator);
    const auto parsed = parse_port(text);
    if (cut) {
      cut = text.empty() || parsed;  // every start of a port is a port itself
      return false;
    }
    if (parsed) out = *parsed;
    return parsed.has_value();
  }
};

/// The answer to a header that is right so far: more bytes, unless its end no longer fits.
Result<ProxyHeader> more(std::string_view bytes) {
  const std::size_t missing = bytes.ends_with('\r') ? 1 : 2;
  if (bytes.size() + missing > proxy_v1_header_bytes_max) return refused("PROXY header too long");
  return ProxyHeader{};
}

/// The end of the line, whose CR is the last byte before `rest`.
Result<ProxyHeader> finish_v1(std::string_view bytes, std::string_view rest, ProxyHeader header) {
  if (rest.empty()) return more(bytes);
  if (rest.front() != '\n') return refused("PROXY header without CRLF");
  header.bytes = bytes.size() - rest.size() + 1;
  return header;
}

Result<ProxyHeader> parse_v1_unknown(std::string_view bytes, std::string_view rest) {
  if (rest.empty()) return ProxyHeader{};
  if (rest.front() != ' ' && rest.front() != '\r') return refused("PROXY header of an unknown protocol");
  // Section 2.1: whatever stands before the CRLF is ignored.
  const auto end = rest.find_first_of(std::string_view("\r\n\0", 3));
  if (end == rest.npos) return more(bytes);
  if (rest[end] != '\r') return refused("PROXY header without CRLF");
  return finish_v1(bytes, rest.substr(end + 1), {});
}

Result<ProxyHeader> parse_v1(std::string_view bytes) {
  bytes = bytes.substr(0, proxy_v1_header_bytes_max);
  if (is_prefix(bytes, v1_start)) return ProxyHeader{};
  if (!is_prefix(v1_start, bytes)) return refused("not a PROXY header");
  V1Fields fields{bytes.substr(v1_start.size())};
  if (is_prefix(fields.rest, v1_unknown)) return ProxyHeader{};
  if (is_prefix(v1_unknown, fields.rest)) {
    return parse_v1_unknown(bytes, fields.rest.substr(v1_unknown.size()));
  }
  const std::string_view protocol = fields.next(' ');
  if (fields.cut && (is_prefix(protocol, "TCP4") || is_prefix(protocol, "TCP6"))) return ProxyHeader{};
  if (protocol != "TCP4" && protocol != "TCP6") return refused("PROXY header of an unknown protocol");
  const bool v6 = protocol == "TCP6";
  ProxyHeader header;
  header.has_address = true;
  const bool read = fields.address(v6, header.source.ip) && fields.address(v6, header.destination.ip) &&
                    fields.port(' ', header.source.port) && fields.port('\r', header.destination.port);
  if (read) return finish_v1(bytes, fields.rest, header);
  if (!fields.cut) return refused("PROXY header with a malformed address or port");
  return more(bytes);
}

// ---- v2: signature, version and command, family and transport, length, addresses, TLVs

constexpr std::string_view v2_signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed_bytes = 16;

enum Command : unsigned { command_local = 0x20, command_proxy = 0x21 };  // version 2 in the high half
enum Family : unsigned {
  family_unspec = 0x00,
  family_tcp4 = 0x11,
  family_tcp6 = 0x21,
  family_unix_stream = 0x31
};

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::size_t address_block_bytes(unsigned family) {
  switch (family) {
    case family_tcp4:
      return 12;
    case family_tcp6:
      return 36;
    case family_unix_stream:
      return 216;
    default:
      return 0;
  }
}

bool is_known(unsigned family) {
  return family == family_unspec || family == family_tcp4 || family == family_tcp6 ||
         family == family_unix_stream;
}

/// `at`: where the address begins; `port_at`: where its port does. Both in network byte order.
SocketAddress read_address(std::string_view bytes, bool v6, std::size_t at, std::size_t port_at) {
  sockaddr_storage storage{};
  if (v6) {
    auto& address = reinterpret_cast<sockaddr_in6&>(storage);
    address.sin6_family = AF_INET6;
    std::memcpy(&address.sin6_addr, bytes.data() + at, sizeof address.sin6_addr);
    std::memcpy(&address.sin6_port, bytes.data() + port_at, sizeof address.sin6_port);
  } else {
    auto& address = reinterpret_cast<sockaddr_in&>(storage);
    address.sin_family = AF_INET;
    std::memcpy(&address.sin_addr, bytes.data() + at, sizeof address.sin_addr);
    std::memcpy(&address.sin_port, bytes.data() + port_at, sizeof address.sin_port);
  }
  return SocketAddress::from_sockaddr(storage);
}

constexpr unsigned tlv_crc32c = 0x03;
constexpr std::size_t tlv_fixed_bytes = 3;  // type, length
using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

/// What is wrong with the checksum whose value is at `value` in the whole header, or nullptr (section 2.2.3: it covers
/// the header with its own value as zeros).
const char* check_checksum(std::string_view header, std::size_t value, std::size_t length) {
  if (length != 4) return "PROXY header with a checksum that is not of 4 bytes";
  constexpr char zeros[4] = {};
  Crc32c crc;
  crc.process_bytes(header.data(), value);
  crc.process_bytes(zeros, sizeof zeros);
  crc.process_bytes(header.data() + value + length, header.size() - value - length);
  std::uint32_t sent = 0;
  for (std::size_t i = 0; i < length; ++i) sent = sent << 8 | byte_at(header, value + i);
  return crc.checksum() == sent ? nullptr : "PROXY header with a wrong checksum";
}

/// What is wrong with the type-length-values from `at` to the end of the whole header, or nullptr. `whole` is false
/// where they are none from some place on.
const char* check_tlvs(std::string_view header, std::size_t at, bool& whole) {
  static constexpr const char* cut = "PROXY header with a cut TLV";
  const char* wrong = nullptr;
  whole = false;
  while (at < header.size()) {
    if (header.size() - at < tlv_fixed_bytes) return cut;
    const std::size_t length = byte_at(header, at + 1) << 8 | byte_at(header, at + 2);
    const std::size_t value = at + tlv_fixed_bytes;
    if (header.size() - value < length) return cut;
    const bool checksum = byte_at(header, at) == tlv_crc32c;
    if (checksum && wrong == nullptr) wrong = check_checksum(header, value, length);
    at = value + length;
  }
  whole = true;
  return wrong;
}

Result<ProxyHeader> parse_v2(std::string_view bytes) {
  if (!is_prefix(bytes.substr(0, v2_signature.size()), v2_signature)) return refused("not a PROXY header");
  if (bytes.size() <= v2_signature.size()) return ProxyHeader{};
  const unsigned command = byte_at(bytes, 12);
  if (command != command_local && command != command_proxy) {
    return refused("PROXY header with an unknown version or command");
  }
  if (bytes.size() <= 13) return ProxyHeader{};
  const bool local = command == command_local;
  const unsigned family = byte_at(bytes, 13);
  if (!local && !is_known(family)) return refused("PROXY header of an unsupported family");
  if (bytes.size() <= 14) return ProxyHeader{};
  const std::size_t length = byte_at(bytes, 14) << 8 | (bytes.size() > 15 ? byte_at(bytes, 15) : 0);
  if (v2_fixed_bytes + length > proxy_header_bytes_max) return refused("PROXY header too long");
  if (bytes.size() <= 15) return ProxyHeader{};
  if (!local && length < address_block_bytes(family))
    return refused("PROXY header with a short address block");
  if (bytes.size() < v2_fixed_bytes + length) return ProxyHeader{};
  ProxyHeader header;
  header.bytes = v2_fixed_bytes + length;
  if (!local) {
    // Of an unspecified family anything may stand there, and is ignored (section 2.2); but TLVs are what they are.
    bool whole = false;
    const char* const wrong =
        check_tlvs(bytes.substr(0, header.bytes), v2_fixed_bytes + address_block_bytes(family), whole);
    if (wrong != nullptr && (whole || family != family_unspec)) return refused(wrong);
  }
  if (local || (family != family_tcp4 && family != family_tcp6)) return header;

  const bool v6 = family == family_tcp6;
  const std::size_t ip_bytes = v6 ? 16 : 4;
  const std::size_t ports = v2_fixed_bytes + 2 * ip_bytes;
  header.has_address = true;
  header.source = read_address(bytes, v6, v2_fixed_bytes, ports);
  header.destination = read_address(bytes, v6, v2_fixed_bytes + ip_bytes, ports + 2);
  return header;
}

}  // namespace

Result<ProxyHeader> parse_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return ProxyHeader{};
  return bytes.front() == v2_signature.front() ? parse_v2(bytes) : parse_v1(bytes);
}

}  // namespace weir::listen
