#include "http/forwarded.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "http/authority.hpp"
#include "http/forwarded_element.hpp"
#include "http/text.hpp"

namespace weir::http {
namespace {

constexpr std::string_view forwarded_for_name = "x-forwarded-for";

bool is_trusted(const IpAddress& ip, std::span<const Cidr> trusted) {
  return std::ranges::any_of(trusted, [&](const Cidr& block) { return block.contains(ip); });
}

bool is_named(const Field& field, std::string_view lower_name) {
  return field.id == FieldId::unknown && iequals(field.name, lower_name);
}

/// What was received about the hops before the peer, nearest first.
struct Hops {
  std::array<std::string_view, forwarded_hops_max> members;
  std::size_t count = 0;

  bool add(std::string_view member) {
    if (count == members.size()) return false;
    members[count++] = member;
    return true;
  }
  std::span<const std::string_view> all() const { return {members.data(), count}; }
};

using Elements = std::array<ForwardedElement, forwarded_hops_max>;

/// Collects the members of all X-Forwarded-For fields from the right. Returns false where there is no such
/// field.
bool collect_forwarded_for(const RequestHead& head, Hops& hops) {
  bool found = false;
  for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
    if (!is_named(*field, forwarded_for_name)) continue;
    found = true;
    std::string_view rest = field->value;
    while (!rest.empty()) {
      const auto comma = rest.rfind(',');
      const std::string_view member = trim_ows(comma == rest.npos ? rest : rest.substr(comma + 1));
      if (!member.empty() && !hops.add(member)) return true;
      rest = comma == rest.npos ? std::string_view{} : rest.substr(0, comma);
    }
  }
  return found;
}

/// The same for Forwarded, `elements` beside it. Quoted commas make reading from the right ambiguous, so a ring keeps
/// the last elements.
void collect_forwarded(const RequestHead& head, Hops& hops, Elements& elements) {
  std::array<std::string_view, forwarded_hops_max> ring;
  std::size_t seen = 0;
  for (const Field& field : head.fields) {
    if (field.id != FieldId::forwarded) continue;
    for_each_list_member(field.value, [&](std::string_view element) {
      ring[seen++ % ring.size()] = element;
      return true;
    });
  }
  const std::size_t kept = std::min(seen, ring.size());
  for (std::size_t back = 1; back <= kept; ++back) {
    elements[hops.count] = parse_forwarded_element(ring[(seen - back) % ring.size()]);
    hops.add(elements[hops.count].node);
  }
}

/// From the peer leftwards over trusted proxies: `client` becomes the client's address. Returns how many hops that
/// took.
std::size_t walk(std::span<const std::string_view> hops, std::span<const Cidr> trusted, IpAddress& client) {
  std::size_t taken = 0;
  for (const std::string_view member : hops) {
    const auto ip = parse_node(member);
    if (!ip) break;
    client = *ip;
    ++taken;
    if (!is_trusted(client, trusted)) break;
  }
  return taken;
}

/// Joins what fits of `hops`, oldest first, and the peer.
void join(std::span<const std::string_view> hops, const IpAddress& peer, std::string& out) {
  constexpr std::string_view separator = ", ";
  char peer_text[46];
  const std::string_view last(peer_text, peer.write(peer_text));
  std::size_t bytes = last.size();
  std::size_t kept = 0;
  while (kept < hops.size()) {
    bytes += hops[kept].size() + separator.size();
    if (bytes > forwarded_for_bytes_max) break;
    ++kept;
  }
  out.clear();
  for (; kept > 0; --kept) out.append(hops[kept - 1]).append(separator);
  out.append(last);
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  if (text.empty() || text.front() == '0') return false;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  return ec == std::errc{} && end == text.data() + text.size();
}

/// A field that may occur once. Twice: which value is right is unknown.
struct Single {
  std::string_view value;
  unsigned count = 0;
  void see(std::string_view received) {
    value = received;
    ++count;
  }
};

std::string_view known_proto(std::string_view text) {
  if (iequals(text, "https")) return "https";
  return iequals(text, "http") ? std::string_view("http") : std::string_view();
}

/// What the hop that named the client says of the client's own connection (RFC 7239 5.3, 5.4).
void apply_element(const ForwardedElement& element, ForwardedFacts& out) {
  if (const std::string_view proto = known_proto(element.proto); !proto.empty()) out.proto = proto;
  if (parse_authority(element.host)) out.host = element.host;
}

void apply_peer_fields(const RequestHead& head, ForwardedFacts& out) {
  Single proto, host, port;
  for (const Field& field : head.fields) {
    if (field.id != FieldId::unknown) continue;
    if (is_named(field, "x-forwarded-proto")) proto.see(field.value);
    if (is_named(field, "x-forwarded-host")) host.see(field.value);
    if (is_named(field, "x-forwarded-port")) port.see(field.value);
  }
  const std::string_view known = proto.count == 1 ? known_proto(proto.value) : std::string_view();
  if (!known.empty()) out.proto = known;
  if (host.count == 1 && parse_authority(host.value)) out.host = host.value;
  if (port.count == 1 && is_port(port.value)) out.port = port.value;
}

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view hex) {
  return hex.find_first_not_of('0') == hex.npos;
}

}  // namespace

void evaluate_forwarded(const RequestHead& head, const IpAddress& peer, bool tls, std::string_view local_port,
                        std::span<const Cidr> trusted, ForwardedFacts& out) {
  out.client_ip = peer;
  out.proto = tls ? "https" : "http";
  out.host = head.authority;
  out.port = local_port;
  out.peer_trusted = is_trusted(peer, trusted);
  if (!out.peer_trusted) return join({}, peer, out.forwarded_for);

  Hops hops;
  if (collect_forwarded_for(head, hops)) {
    walk(hops.all(), trusted, out.client_ip);
  } else {
    Elements elements;
    collect_forwarded(head, hops, elements);
    const std::size_t taken = walk(hops.all(), trusted, out.client_ip);
    // An element without an address may still say how its client came.
    if (hops.count > 0) apply_element(elements[taken == 0 ? 0 : taken - 1], out);
  }
  join(hops.all(), peer, out.forwarded_for);
  apply_peer_fields(head, out);
}

bool valid_request_id(std::string_view text) {
  constexpr std::size_t bytes_max = 128;
  return !text.empty() && text.size() <= bytes_max && std::ranges::all_of(text, [](char c) {
    return is(c, char_class::alpha | char_class::digit) || c == '.' || c == '_' || c == '-';
  });
}

bool valid_traceparent(std::string_view text) {
  // 00-<trace id: 32>-<parent id: 16>-<flags: 2>
  if (text.size() != 55 || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return false;
  const std::string_view trace_id = text.substr(3, 32);
  const std::string_view parent_id = text.substr(36, 16);
  return is_lower_hex(trace_id) && is_lower_hex(parent_id) && is_lower_hex(text.substr(53)) &&
         !is_zero(trace_id) && !is_zero(parent_id);
}

}  // namespace weir::http
