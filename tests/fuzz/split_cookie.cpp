// The Cookie field and the cookie `weir_split` in it: no crash; what is accepted is bounded and comes back the same
// when it is written anew.
#include <cstdint>
#include <string>
#include <vector>

#include "http/cookies.hpp"
#include "require.hpp"
#include "split/split.hpp"

using namespace weir;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<http::Field> fields{{http::FieldId::cookie, "Cookie", text}};
  static_cast<void>(split::find_cookie(fields));
  const auto cookie = split::parse_cookie(text);
  if (!cookie) return 0;
  require(text.size() <= split::cookie_bytes_max && cookie->count <= split::cookie_sides_max);
  std::string written;
  split::write_set_cookie(written, *cookie, "route", "target", Milliseconds(1000), false);
  const std::string value = written.substr(11, written.find(';') - 11);
  require(http::is_cookie_value(value));
  const auto again = split::parse_cookie(value);
  require(again && again->key == cookie->key && again->side_of("route") == "target");
  for (std::size_t i = 0; i < again->count; ++i) {
    const auto& side = again->sides[i];
    require(side.route == "route" || cookie->side_of(side.route) == side.target);
  }
  return 0;
}
