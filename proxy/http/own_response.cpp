#include <boost/container/small_vector.hpp>

#include "http/field_lines.hpp"
#include "http/pen.hpp"
#include "http/write.hpp"

namespace weir::http {
namespace {

/// The fields of one response of our own. Beyond this many the heap is used.
constexpr std::size_t usual_field_count = 16;
using Fields = boost::container::small_vector<Field, usual_field_count>;

void add(Fields& fields, FieldId id, std::string_view name, std::string_view value) {
  if (!value.empty()) fields.push_back({id, name, value});
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

void put_connection(Pen& pen, const ResponseOptions& options) {
  if (!options.keep_alive) {
    pen.put("Connection: close\r\n");
  } else if (options.client_minor_version == 0) {
    pen.put("Connection: keep-alive\r\n");
  }
}

}  // namespace

void write_own_head(std::string& out, const OwnResponse& response, const ResponseOptions& options,
                    std::string_view date) {
  const Fields fields = fields_of(response, options, date);
  {
    Pen pen(out);
    const std::string_view reason = reason_phrase(response.status);
    pen.put("HTTP/1.1 ").put(static_cast<std::uint64_t>(response.status)).put(" ").put(reason).put("\r\n");
    for (const Field& field : fields) {
      if (!options.policy || !options.policy->drops(field)) pen.field(field.name, field.value);
    }
    if (response.has_content())
      pen.put("Content-Length: ").put(std::uint64_t{response.body.size()}).put("\r\n");
    put_connection(pen, options);
  }
  if (options.policy) options.policy->append_to(out, {fields.data(), fields.size()});
  out += "\r\n";
}

}  // namespace weir::http
