#include "http/response_fields.hpp"

namespace weir::http {
namespace {

void add(OwnFields& fields, FieldId id, std::string_view name, std::string_view value) {
  if (!value.empty()) fields.push_back({id, name, value});
}

bool contains(const OwnFields& fields, FieldId id) {
  for (const Field& field : fields) {
    if (field.id == id) return true;
  }
  return false;
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

}  // namespace weir::http
