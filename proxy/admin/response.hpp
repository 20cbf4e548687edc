// An answer of the admin address as a value, its problem form (RFC 9457) and its bytes on the wire. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::control {

struct AdminResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string_view, std::string_view>>
      fields;  // further ones: names and values of our own
};

/// application/problem+json. `detail` is one phrase for people; `errors` lists what is wrong one by one.
AdminResponse problem(int status, std::string_view detail, const std::vector<std::string>& errors = {});

std::string_view reason_phrase(int status);

struct ResponseForm {
  bool head = false;  // a HEAD request: no body, the Content-Length that GET has
  bool keep_alive = true;
  std::chrono::system_clock::time_point now;  // Date
};

/// Status line, fields and body. Every answer carries the security fields; a Content-Security-Policy that
/// `response.fields` holds replaces the default one, which allows nothing.
std::string render(const AdminResponse& response, const ResponseForm& form);

/// The head of a 200 whose body has no end yet: chunked, or until the connection closes, which it does either way.
std::string render_stream_head(std::string_view content_type, bool chunked,
                               std::chrono::system_clock::time_point now);

}  // namespace weir::control
