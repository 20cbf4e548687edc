#include "control/request_body.hpp"

#include <boost/json.hpp>

namespace weir::control {

namespace json = boost::json;

std::optional<json::object> parse_body(std::string_view body) {
  constexpr std::size_t depth_max = 4;
  json::error_code error;
  json::parse_options options;
  options.max_depth = depth_max;
  json::value value = json::parse(body, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

void read_note(std::string_view key, const json::value& value, std::size_t bytes_max, std::string& into,
               std::vector<std::string>& problems) {
  if (value.is_string() && split::is_note(std::string_view(value.get_string()), bytes_max)) {
    into = std::string_view(value.get_string());
    return;
  }
  problems.push_back(std::string(key) + ": must be one line of up to " + std::to_string(bytes_max) +
                     " bytes");
}

std::string asked_by(const std::string& who, const std::string& peer) {
  return who.empty() ? peer : who + " from " + peer;
}

}  // namespace weir::control
