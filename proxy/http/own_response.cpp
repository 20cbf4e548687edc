#include "http/field_lines.hpp"
#include "http/line_sink.hpp"
#include "http/pen.hpp"
#include "http/response_fields.hpp"
#include "http/write.hpp"

namespace weir::http {
namespace {

/// Of this file alone: so the compiler sees that the rules have one caller, and inlines them.
struct Lines : LineSink {
  using LineSink::LineSink;
};

void add(OwnFields& fields, FieldId id, std::string_view name, std::string_view value) {
  if (!value.empty()) fields.push_back({id, name, value});
}

bool contains(const OwnFields& fields, FieldId id) {
  for (const Field& field : fields) {
    if (field.id == id) return true;
  }
  return false;
}

void put_connection(Pen& pen, const ResponseOptions& options) {
  if (!options.keep_alive) {
    pen.put("Connection: close\r\n");
  } else if (options.client_minor_version == 0) {
    pen.put("Connection: keep-alive\r\n");
  }
}

}  // namespace

OwnFields own_fields_of(const OwnResponse& response, const ResponseOptions& options, std::string_view date) {
  OwnFields fields;
  add(fields, FieldId::date, "Date", date);
  add(fields, FieldId::content_type, "Content-Type", response.content_type);
  const auto add_line = [&](const Field& field) { fields.push_back(field); };
  for_each_field_line(response.extra_fields, add_line);
  for_each_field_line(options.own_fields, add_line);
  if (response.status >= 400 && !contains(fields, FieldId::cache_control)) {
    add(fields, FieldId::cache_control, "Cache-Control", "no-store");
  }
  add(fields, FieldId::unknown, "Proxy-Status", response.proxy_status);
  add(fields, FieldId::unknown, "X-Request-Id", options.request_id);
  return fields;
}

void write_own_head(std::string& out, const OwnResponse& response, const ResponseOptions& options,
                    std::string_view date) {
  const OwnFields fields = own_fields_of(response, options, date);
  {
    Pen pen(out);
    Lines sink(pen);
    const std::string_view reason = reason_phrase(response.status);
    pen.put("HTTP/1.1 ").put(static_cast<std::uint64_t>(response.status)).put(" ").put(reason).put("\r\n");
    put_own_fields(sink, response, options, fields);
    put_connection(pen, options);
  }
  if (options.policy) options.policy->append_to(out, {fields.data(), fields.size()});
  out += "\r\n";
}

}  // namespace weir::http
