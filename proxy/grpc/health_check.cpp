#include "grpc/health_check.hpp"

#include <optional>

#include "grpc/message.hpp"

namespace weir::grpc {
namespace {

/// Protocol Buffers, "Encoding": how a value is laid out.
enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, text = 2, fixed32 = 5 };

constexpr std::uint64_t first_field = 1;  // HealthCheckRequest.service, HealthCheckResponse.status
constexpr unsigned wire_type_bits = 3;
constexpr std::size_t varint_bytes_max = 10;

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
  out.push_back(static_cast<char>(value));
}

/// Takes a number off `bytes`; nothing where it does not end, or not in time.
std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < varint_bytes_max; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    bytes.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

/// Takes the value of a field that is not looked at; whether it is whole.
bool skip_value(std::string_view& bytes, std::uint64_t wire_type) {
  std::uint64_t length = 0;
  switch (static_cast<WireType>(wire_type)) {
    case WireType::varint:
      return take_varint(bytes).has_value();
    case WireType::fixed64:
      length = 8;
      break;
    case WireType::fixed32:
      length = 4;
      break;
    case WireType::text: {
      const auto said = take_varint(bytes);
      if (!said) return false;
      length = *said;
      break;
    }
    default:
      return false;
  }
  if (length > bytes.size()) return false;
  bytes.remove_prefix(static_cast<std::size_t>(length));
  return true;
}

Health health_of(std::uint64_t status) {
  switch (status) {
    case 1:
      return Health::serving;
    case 2:
      return Health::not_serving;
    case 3:
      return Health::service_unknown;
    default:
      return Health::unknown;
  }
}

/// A HealthCheckResponse; without a status it is the default, 0.
Health read_message(std::string_view bytes) {
  Health health = Health::unknown;
  while (!bytes.empty()) {
    const auto tag = take_varint(bytes);
    if (!tag || *tag >> wire_type_bits == 0) return Health::malformed;
    const std::uint64_t wire_type = *tag & ((1u << wire_type_bits) - 1);
    if (*tag >> wire_type_bits != first_field || wire_type != static_cast<std::uint64_t>(WireType::varint)) {
      if (!skip_value(bytes, wire_type)) return Health::malformed;
      continue;
    }
    const auto status = take_varint(bytes);
    if (!status) return Health::malformed;
    health = health_of(*status);  // of several the last counts
  }
  return health;
}

}  // namespace

std::string health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    append_varint(message, first_field << wire_type_bits | static_cast<std::uint64_t>(WireType::text));
    append_varint(message, service.size());
    message += service;
  }
  const auto prefix = message_prefix(0, static_cast<std::uint32_t>(message.size()));
  return message.insert(0, prefix.data(), prefix.size());
}

Health read_health_response(std::string_view body) {
  if (body.size() < message_prefix_bytes || body.size() > health_response_bytes_max) return Health::malformed;
  const std::string_view message = body.substr(message_prefix_bytes);
  const auto expected = message_prefix(0, static_cast<std::uint32_t>(message.size()));
  if (body.substr(0, message_prefix_bytes) != std::string_view(expected.data(), expected.size()))
    return Health::malformed;
  return read_message(message);
}

std::string_view to_string(Health health) {
  switch (health) {
    case Health::unknown:
      return "UNKNOWN";
    case Health::serving:
      return "SERVING";
    case Health::not_serving:
      return "NOT_SERVING";
    case Health::service_unknown:
      return "SERVICE_UNKNOWN";
    case Health::malformed:
      break;
  }
  return "a malformed answer";
}

}  // namespace weir::grpc
