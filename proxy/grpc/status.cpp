#include "grpc/status.hpp"

#include <array>

#include "http/text.hpp"

namespace weir::grpc {
namespace {

struct StatusText {
  std::string_view name;
  std::string_view number;
};

constexpr std::array<StatusText, status_count> texts{{
    {"ok", "0"},
    {"cancelled", "1"},
    {"unknown", "2"},
    {"invalid_argument", "3"},
    {"deadline_exceeded", "4"},
    {"not_found", "5"},
    {"already_exists", "6"},
    {"permission_denied", "7"},
    {"resource_exhausted", "8"},
    {"failed_precondition", "9"},
    {"aborted", "10"},
    {"out_of_range", "11"},
    {"unimplemented", "12"},
    {"internal", "13"},
    {"unavailable", "14"},
    {"data_loss", "15"},
    {"unauthenticated", "16"},
}};

constexpr std::size_t status_digits_max = 10;

const StatusText& text_of(Status status) {
  return texts[static_cast<std::size_t>(status)];
}

}  // namespace

std::string_view to_string(Status status) {
  return text_of(status).name;
}

std::string_view number_text(Status status) {
  return text_of(status).number;
}

std::optional<Status> parse_status(std::string_view value) {
  if (value.empty() || value.size() > status_digits_max) return std::nullopt;
  if (!http::all(value, http::char_class::digit)) return std::nullopt;
  if (value.front() == '0' && value.size() > 1) return std::nullopt;
  if (value.size() > 2) return Status::unknown;
  std::size_t number = 0;
  for (const char c : value) number = number * 10 + static_cast<std::size_t>(c - '0');
  return number < status_count ? static_cast<Status>(number) : Status::unknown;
}

Status status_of_http(int http_status) {
  switch (http_status) {
    case 400:
    case 431:
      return Status::internal;
    case 401:
      return Status::unauthenticated;
    case 403:
      return Status::permission_denied;
    case 404:
      return Status::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Status::unavailable;
    default:
      return Status::unknown;
  }
}

Status status_of_error(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::total_timeout:
      return Status::deadline_exceeded;
    case ErrorKind::body_too_large:
      return Status::resource_exhausted;
    case ErrorKind::client_gone:
    case ErrorKind::client_stalled:
    case ErrorKind::client_too_slow:
    case ErrorKind::head_timeout:
    case ErrorKind::body_timeout:
      return Status::cancelled;
    case ErrorKind::unsupported_coding:
    case ErrorKind::unsupported_version:
    case ErrorKind::unsupported_protocol:
    case ErrorKind::method_refused:
      return Status::unimplemented;
    case ErrorKind::uri_too_long:
    case ErrorKind::expectation_failed:
    case ErrorKind::loop_detected:
    case ErrorKind::internal:
      return Status::internal;
    case ErrorKind::rate_limited:
      return Status::unavailable;  // whatever status the limit says: clients retry this one
    default:
      return status_of_http(facts(kind).status);
  }
}

void append_message(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
}

}  // namespace weir::grpc
