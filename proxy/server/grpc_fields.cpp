#include "server/grpc_fields.hpp"

#include "http/field_lines.hpp"
#include "http/text.hpp"

namespace weir::server {
namespace {

constexpr std::string_view status_name = "grpc-status";

}  // namespace

bool is_grpc_field(const http::Field& field, std::string_view lower_name) {
  return field.id == http::FieldId::unknown && http::iequals(field.name, lower_name);
}

std::optional<grpc::Status> grpc_status_in(std::span<const http::Field> fields) {
  for (const http::Field& field : fields) {
    if (is_grpc_field(field, status_name)) return grpc::parse_status(field.value);
  }
  return std::nullopt;
}

std::optional<grpc::Status> grpc_status_in(std::string_view lines) {
  std::optional<grpc::Status> status;
  http::for_each_field_line(lines, [&status](const http::Field& field) {
    if (!status && is_grpc_field(field, status_name))
      status = grpc::parse_status(http::trim_ows(field.value));
  });
  return status;
}

std::string grpc_status_lines(grpc::Status status, std::string_view message) {
  std::string lines(status_name);
  lines.append(": ").append(grpc::number_text(status)).append("\r\n");
  if (message.empty()) return lines;
  lines += "grpc-message: ";
  grpc::append_message(lines, message);
  lines += "\r\n";
  return lines;
}

}  // namespace weir::server
