#include "admin/response.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <boost/json.hpp>

namespace weir::control {
namespace {

constexpr std::string_view policy_field = "Content-Security-Policy";

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_start(std::string& out, int status, std::string_view content_type,
                  std::chrono::system_clock::time_point now) {
  out += fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
  const auto date = fmt::gmtime(std::chrono::system_clock::to_time_t(now));
  append_field(out, "Date", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", date));
  append_field(out, "Content-Type", content_type);
}

void append_security(std::string& out, bool own_policy) {
  append_field(out, "Cache-Control", "no-store");
  append_field(out, "X-Content-Type-Options", "nosniff");
  append_field(out, "X-Frame-Options", "DENY");
  append_field(out, "Referrer-Policy", "no-referrer");
  append_field(out, "Cross-Origin-Resource-Policy", "same-origin");
  if (!own_policy) append_field(out, policy_field, "default-src 'none'; frame-ancestors 'none'");
}

}  // namespace

AdminResponse problem(int status, std::string_view detail, const std::vector<std::string>& errors) {
  boost::json::object body{
      {"type", "about:blank"}, {"title", reason_phrase(status)}, {"status", status}, {"detail", detail}};
  if (!errors.empty()) body["errors"] = boost::json::array(errors.begin(), errors.end());
  AdminResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = boost::json::serialize(body);
  return response;
}

std::string_view reason_phrase(int status) {
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  const auto phrase = boost::beast::http::obsolete_reason(known);
  return {phrase.data(), phrase.size()};
}

std::string render(const AdminResponse& response, const ResponseForm& form) {
  const auto is_policy = [](const auto& field) { return field.first == policy_field; };
  const bool own_policy = std::any_of(response.fields.begin(), response.fields.end(), is_policy);
  std::string out;
  append_start(out, response.status, response.content_type, form.now);
  append_field(out, "Content-Length", std::to_string(response.body.size()));
  append_security(out, own_policy);
  for (const auto& [name, value] : response.fields) append_field(out, name, value);
  if (!form.keep_alive) append_field(out, "Connection", "close");
  out.append("\r\n");
  if (!form.head) out.append(response.body);
  return out;
}

std::string render_stream_head(std::string_view content_type, bool chunked,
                               std::chrono::system_clock::time_point now) {
  std::string out;
  append_start(out, 200, content_type, now);
  if (chunked) append_field(out, "Transfer-Encoding", "chunked");
  append_security(out, false);
  append_field(out, "Connection", "close");
  out.append("\r\n");
  return out;
}

}  // namespace weir::control
