#include "admin/endpoint_request.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/decode_view.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <optional>

#include "admin/request_body.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;
namespace urls = boost::urls;

void read_state(const json::value& value, EndpointRequest& request, Problems& problems) {
  std::optional<upstream::OperatorState> state;
  if (value.is_string()) state = upstream::parse_operator_state(std::string_view(value.get_string()));
  if (state) request.state = *state;
  if (!state) problems.emplace_back(R"(state: must be "active", "drain" or "disabled")");
}

}  // namespace

std::variant<EndpointRequest, Problems> parse_endpoint_request(std::string_view body) {
  EndpointRequest request;
  const auto state = [&](const json::value& value, Problems& found) { read_state(value, request, found); };
  Problems problems =
      read_body(body, {{"state", state, R"(is missing; write "active", "drain" or "disabled")"},
                       note("reason", split::reason_bytes_max, request.reason),
                       generation_member(request.generation),
                       note("who", who_bytes_max, request.who)});
  if (!problems.empty()) return problems;
  return request;
}

std::string decoded(std::string_view part) {
  const auto encoded_part = urls::make_pct_string_view(part);
  if (encoded_part.has_error()) return std::string(part);
  const urls::decode_view bytes(*encoded_part);
  return {bytes.begin(), bytes.end()};
}

std::string encoded(std::string_view part) {
  return urls::encode(part, urls::unreserved_chars + ':');
}

std::string listed(std::span<const std::string> names) {
  if (names.empty()) return "none";
  const std::size_t shown = std::min(names.size(), known_shown_max);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == names.size();
    text += (i == 0 ? "" : last ? " and " : ", ") + names[i];
  }
  if (shown < names.size()) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

}  // namespace weir::control
