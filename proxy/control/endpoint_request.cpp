#include "control/endpoint_request.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/decode_view.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <optional>

#include "control/request_body.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;
namespace urls = boost::urls;
using Problems = std::vector<std::string>;

std::optional<upstream::OperatorState> state_in(const json::value& value) {
  if (!value.is_string()) return std::nullopt;
  return upstream::parse_operator_state(std::string_view(value.get_string()));
}

}  // namespace

std::variant<EndpointRequest, Problems> parse_endpoint_request(std::string_view body) {
  const auto object = parse_body(body);
  if (!object) return Problems{not_an_object};
  EndpointRequest request;
  Problems problems;
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (key == "state") {
      const auto state = state_in(member.value());
      if (state) request.state = *state;
      if (!state) problems.emplace_back(R"(state: must be "active", "drain" or "disabled")");
    } else if (key == "reason") {
      read_note(key, member.value(), split::reason_bytes_max, request.reason, problems);
    } else if (key == "who") {
      read_note(key, member.value(), who_bytes_max, request.who, problems);
    } else {
      problems.push_back(std::string(key) + ": unknown; write state, reason or who");
    }
  }
  if (!object->contains("state"))
    problems.emplace_back(R"(state: is missing; write "active", "drain" or "disabled")");
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
