#include "server/grpc_fields.hpp"

#include "http/field_lines.hpp"
#include "http/text.hpp"

namespace weir::server {
namespace {

constexpr std::string_view status_name = "grpc-status", message_name = "grpc-message";
constexpr std::string_view attempts_name = previous_attempts_field.name;
constexpr std::string_view line_end = "\r\n";

std::optional<std::uint32_t> count_of(std::string_view text) {
  constexpr std::size_t digits_max = 9;
  if (text.empty() || text.size() > digits_max || !http::all(text, http::char_class::digit))
    return std::nullopt;
  std::uint32_t count = 0;
  for (const char c : text) count = count * 10 + static_cast<std::uint32_t>(c - '0');
  return count;
}

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

std::string_view grpc_message_in(std::span<const http::Field> fields) {
  for (const http::Field& field : fields) {
    if (is_grpc_field(field, message_name)) return field.value;
  }
  return {};
}

std::string grpc_status_lines(grpc::Status status, std::string_view message) {
  std::string encoded;
  grpc::append_message(encoded, message);
  return grpc_status_lines_with(status, encoded);
}

std::string grpc_status_lines_with(grpc::Status status, std::string_view encoded_message) {
  std::string lines(status_name);
  lines.append(": ").append(grpc::number_text(status)).append(line_end);
  if (encoded_message.empty()) return lines;
  return lines.append(message_name).append(": ").append(encoded_message).append(line_end);
}

std::optional<std::uint32_t> previous_attempts_in(std::span<const http::Field> fields) {
  for (const http::Field& field : fields) {
    if (is_grpc_field(field, attempts_name)) return count_of(field.value);
  }
  return 0;
}

void write_previous_attempts(std::string& head, std::uint32_t attempts) {
  const auto place = find_value(head, attempts_name);
  const std::string_view said =
      place ? http::trim_ows(std::string_view(head).substr(place->at, place->size)) : std::string_view("0");
  if (count_of(said) == attempts) return;
  const std::string text = ' ' + std::to_string(attempts);
  if (place && attempts != 0) {
    head.replace(place->at, place->size, text);
  } else if (place) {
    const std::size_t line = place->at - attempts_name.size() - 1;
    head.erase(line, place->at + place->size + line_end.size() - line);
  } else {
    head.resize(head.size() - line_end.size());  // the empty line
    head.append(attempts_name).append(":").append(text).append(line_end).append(line_end);
  }
}

/// The request line is passed by: what is looked for begins a line behind another.
std::optional<ValuePlace> find_value(std::string_view head, std::string_view lower_name) {
  for (std::size_t line = head.find(line_end); line != head.npos; line = head.find(line_end, line)) {
    line += line_end.size();
    const std::size_t colon = line + lower_name.size();
    if (colon >= head.size() || head[colon] != ':') continue;
    if (!http::iequals(head.substr(line, lower_name.size()), lower_name)) continue;
    return ValuePlace{colon + 1, head.find(line_end, colon) - (colon + 1)};
  }
  return std::nullopt;
}

}  // namespace weir::server
