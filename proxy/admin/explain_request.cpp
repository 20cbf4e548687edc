#include "admin/explain_request.hpp"

#include <boost/json.hpp>

#include "admin/request_body.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

void read_headers(const json::value& value, std::vector<std::string>& headers, Problems& problems) {
  const bool fits = value.is_array() && value.get_array().size() <= explain_headers_max;
  if (fits) {
    for (const json::value& line : value.get_array()) {
      if (!line.is_string() || line.get_string().size() > explain_line_bytes_max) break;
      headers.emplace_back(std::string_view(line.get_string()));
    }
  }
  if (fits && headers.size() == value.get_array().size()) return;
  problems.push_back("headers: must be a list of up to " + std::to_string(explain_headers_max) +
                     " texts such as \"Accept: text/html\"");
}

void read_format(const json::value& value, bool& text, Problems& problems) {
  text = value == "text";
  if (!text && value != "json") problems.emplace_back(R"(format: must be "json" or "text")");
}

}  // namespace

std::variant<ExplainCall, Problems> parse_explain_request(std::string_view body) {
  ExplainCall call;
  const auto headers = [&](const json::value& value, Problems& found) {
    read_headers(value, call.request.headers, found);
  };
  const auto format = [&](const json::value& value, Problems& found) {
    read_format(value, call.text, found);
  };
  Member method = note("method", explain_line_bytes_max, call.request.method);
  method.missing = "is missing; write one such as \"GET\"";
  Member url = note("url", explain_line_bytes_max, call.request.url);
  url.missing = "is missing; write it as \"http://host/path\"";
  Problems problems = read_body(body, {method,
                                       url,
                                       {"headers", headers},
                                       note("client", explain_line_bytes_max, call.request.client_ip),
                                       note("listener", explain_line_bytes_max, call.request.listener),
                                       {"format", format}});
  if (!problems.empty()) return problems;
  return call;
}

std::string explain_body(const ExplainCall& call) {
  const ExplainRequest& request = call.request;
  json::object body{{"method", request.method},
                    {"url", request.url},
                    {"headers", json::value_from(request.headers)},
                    {"client", request.client_ip},
                    {"format", call.text ? "text" : "json"}};
  if (!request.listener.empty()) body["listener"] = request.listener;
  return json::serialize(body);
}

}  // namespace weir::control
