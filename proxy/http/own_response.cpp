#include <boost/container/small_vector.hpp>

#include "http/pen.hpp"
#include "http/write.hpp"

namespace weir::http {
namespace {

/// The fields of one response of our own. Beyond this many the heap is used.
constexpr std::size_t usual_field_count = 16;
constexpr std::size_t own_text_bytes = 256;
using Fields = boost::container::small_vector<Field, usual_field_count>;

void add(Fields& fields, FieldId id, std::string_view name, std::string_view value) {
  if (!value.empty()) fields.push_back({id, name, value});
}

/// Ready `Name: value\r\n` lines, taken apart again so that the policy can be asked about each.
void add_lines(Fields& fields, std::string_view lines) {
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    const auto colon = line.find(':');
    if (colon != line.npos) {
      const std::string_view name = line.substr(0, colon);
      const auto value = line.find_first_not_of(" \t", colon + 1);
      fields.push_back({boost::beast::http::string_to_field(name), name,
                        value == line.npos ? std::string_view{} : line.substr(value)});
    }
    lines.remove_prefix(end == lines.npos ? lines.size() : end + 2);
  }
}

bool contains(const Fields& fields, FieldId id) {
  for (const Field& field : fields) {
    if (field.id == id) return true;
  }
  return false;
}

Fields fields_of(const OwnResponse& response, const ResponseOptions& options, std::string_view date) {
  Fields fields;
  add(fields, FieldId::date, "Date", date);
  add(fields, FieldId::content_type, "Content-Type", response.content_type);
  add_lines(fields, response.extra_fields);
  if (response.status >= 400 && !contains(fields, FieldId::cache_control)) {
    add(fields, FieldId::cache_control, "Cache-Control", "no-store");
  }
  add(fields, FieldId::unknown, "Proxy-Status", response.proxy_status);
  add(fields, FieldId::unknown, "X-Request-Id", options.request_id);
  return fields;
}

void put_connection(Pen& pen, const ResponseOptions& options) {
  if (!options.keep_alive) {
    pen.put("Connection: close\r\n");
  } else if (options.client_minor_version == 0) {
    pen.put("Connection: keep-alive\r\n");
  }
}

}  // namespace

void write_own_response(std::string& out, const OwnResponse& response, const ResponseOptions& options,
                        std::string_view date) {
  const Fields fields = fields_of(response, options, date);
  const bool has_content = response.status >= 200 && response.status != 204 && response.status != 304;
  {
    Pen pen(out, own_text_bytes + response.extra_fields.size() + response.body.size());
    const std::string_view reason = reason_phrase(response.status);
    pen.put("HTTP/1.1 ").put(static_cast<std::uint64_t>(response.status)).put(" ").put(reason).put("\r\n");
    for (const Field& field : fields) {
      if (!options.policy || !options.policy->drops(field)) pen.field(field.name, field.value);
    }
    if (has_content) pen.put("Content-Length: ").put(std::uint64_t{response.body.size()}).put("\r\n");
    put_connection(pen, options);
  }
  if (options.policy) options.policy->append_to(out, {fields.data(), fields.size()});
  out += "\r\n";
  if (has_content && !response.head_only) out += response.body;
}

}  // namespace weir::http
