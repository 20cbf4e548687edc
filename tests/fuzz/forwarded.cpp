// evaluate_forwarded over arbitrary field values: no crash, nothing but the peer counts without trust, the
// list stays within its bounds, and it ends with the peer.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "http/forwarded.hpp"
#include "http/text.hpp"
#include "require.hpp"

namespace {

using namespace weir;
using fuzz::require;

/// One field per line: the first byte of each picks its name, the rest is its value.
std::vector<http::Field> fields_of(std::string_view text) {
  static constexpr std::string_view names[] = {"X-Forwarded-For", "Forwarded", "X-Forwarded-Proto",
                                               "X-Forwarded-Host", "X-Forwarded-Port"};
  std::vector<http::Field> fields;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) continue;
    const std::string_view name = names[static_cast<unsigned char>(line.front()) % std::size(names)];
    const std::string_view value = http::trim_ows(line.substr(1));
    // Values that the strict reader lets in.
    if (http::is_field_value(value))
      fields.push_back({boost::beast::http::string_to_field(name), name, value});
  }
  return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Cidr> trusted{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("fd00::/8")};
  static const IpAddress near = *IpAddress::parse("10.0.0.1");
  static const IpAddress far = *IpAddress::parse("203.0.113.9");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  http::RequestHead head;
  head.authority = "h";
  head.fields = fields_of(text);

  http::ForwardedFacts facts;
  http::evaluate_forwarded(head, far, true, "443", trusted, facts);
  require(facts.client_ip == far && facts.forwarded_for == "203.0.113.9");
  require(facts.proto == "https" && facts.host == "h" && facts.port == "443");

  http::evaluate_forwarded(head, near, false, "80", trusted, facts);
  require(facts.peer_trusted && facts.forwarded_for.ends_with("10.0.0.1"));
  require(facts.forwarded_for.size() <= http::forwarded_for_bytes_max);
  require(http::is_field_value(facts.forwarded_for));
  require(facts.proto == "http" || facts.proto == "https");
  require(!facts.host.empty() && !facts.port.empty());

  static_cast<void>(http::valid_request_id(text));
  static_cast<void>(http::valid_traceparent(text));
  return 0;
}
