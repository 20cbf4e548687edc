// normalise_path, normalise_host and parse_authority over arbitrary bytes: idempotent, in agreement with each
// other, and without anything in the result that could slip past a rule.
#include <cstdint>
#include <string>
#include <string_view>

#include "http/authority.hpp"
#include "http/text.hpp"
#include "http/uri.hpp"
#include "require.hpp"

namespace {

using namespace weir::http;
using weir::fuzz::require;
using weir::fuzz::require_inside;

void check_path(std::string_view path) {
  std::string once;
  if (!normalise_path(path, once)) {
    require(!is_normalised(path));
    return;
  }
  require(is_normalised(path) == (once == path));
  require(is_normalised(once));
  require(once.front() == '/' && all(once, char_class::visible));
  std::string twice;
  require(normalise_path(once, twice).has_value() && twice == once);
  for (const char* never : {"//", "/./", "/../", "\\", "%5C", "%00", "%2E", "/..;"}) {
    require(once.find(never) == once.npos);
  }
  require(!once.ends_with("/.") && !once.ends_with("/.."));
  // What the endpoint gets is what was judged, and has nothing left to resolve.
  std::string resolved, judged;
  if (resolve_dot_segments(path, resolved)) {
    require(normalise_path(resolved, judged).has_value() && judged == once);
    require(!resolve_dot_segments(resolved, judged));
  }
  if (has_encoded_slash(once) && decode_slashes(once, judged))
    require(!has_encoded_slash(judged) && is_normalised(judged));
}

void check_host(std::string_view host) {
  std::string once;
  std::string twice;
  normalise_host(host, once);
  normalise_host(once, twice);
  require(once == twice && once.size() <= host.size());
}

void check_authority(std::string_view text) {
  const auto authority = parse_authority(text);
  if (!authority) return;
  require(!authority->host.empty() && all(text, char_class::visible));
  require_inside(authority->host, text);
  require(text.starts_with(authority->host));
  const std::string_view behind = text.substr(authority->host.size());
  require(behind.empty() || behind.front() == ':');
  require((behind.size() > 1) == authority->port.has_value());  // an empty port is none (RFC 3986 3.2.3)
  require(text.find_first_of("@/?#\\ ,\"<>") == text.npos || text.find(',') != text.npos);
  std::string normal;
  normalise_host(text, normal);
  require(parse_authority(normal).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_path(text);
  check_host(text);
  check_authority(text);
  return 0;
}
