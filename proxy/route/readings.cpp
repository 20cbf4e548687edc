#include "route/readings.hpp"

#include <string>

#include "http/uri.hpp"

namespace weir::route {

Result<std::size_t> find_for_all_readings(const RouteTable& table, const Request& request,
                                          std::string& decoded) {
  decoded.clear();
  const std::size_t index = table.find(request);
  if (!http::has_encoded_slash(request.path)) return index;
  Request other = request;
  const bool is_path = http::decode_slashes(request.path, decoded).has_value();
  other.path = decoded;
  if (is_path && table.find(other) == index) return index;
  return client_error(ErrorKind::malformed_request,
                      "encoded slash in the path, which another route has if it is read as a slash");
}

Result<void> choose_sent_path(config::PathForm form, std::string_view received, std::string_view judged,
                              std::string& resolved, std::string_view& sent) {
  sent = received;
  if (received == judged || !http::resolve_dot_segments(received, resolved)) return {};
  switch (form) {
    case config::PathForm::normalised:
      sent = resolved;
      return {};
    case config::PathForm::raw:
      // Both at once have more readings than were judged.
      if (received.find("%2F") == received.npos && received.find("%2f") == received.npos) return {};
      break;
    case config::PathForm::refuse:
      break;
  }
  return client_error(ErrorKind::malformed_request, "dot segment in the path");
}

}  // namespace weir::route
