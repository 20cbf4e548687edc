// What gRPC says in fields and in one message: status, timeout, message, content type, health. What is accepted is
// written again as the same; a cursor over messages sees the same ends for every cut.
#include <cstdint>
#include <string>
#include <string_view>

#include "grpc/content_type.hpp"
#include "grpc/health_check.hpp"
#include "grpc/message.hpp"
#include "grpc/status.hpp"
#include "grpc/timeout.hpp"
#include "require.hpp"

namespace {

using namespace weir;
using fuzz::require;

void check_fields(std::string_view text) {
  if (const auto status = grpc::parse_status(text); status && *status != grpc::Status::unknown) {
    require(grpc::number_text(*status) == text && !grpc::to_string(*status).empty());
  }
  if (const auto timeout = grpc::parse_timeout(text)) {
    require(*timeout >= Duration::zero() && *timeout <= grpc::timeout_max);
    const grpc::TimeoutText written = grpc::format_timeout(*timeout);
    const auto again = grpc::parse_timeout({written.data(), written.size()});
    require(again && (*again <= *timeout || *again == std::chrono::milliseconds(1)));
  }
  std::string message;
  grpc::append_message(message, text);
  require(message.size() >= text.size() && message.size() <= 3 * text.size());
  for (const char c : message) require(c >= ' ' && c <= '~');
  const grpc::Web kind = grpc::web_kind(text);
  require(kind == grpc::Web::none || !grpc::is_grpc(text));
  if (kind != grpc::Web::none) {
    const std::string plain = grpc::grpc_type(text);
    require(grpc::is_grpc(plain) && grpc::web_kind(grpc::web_type(plain, kind)) == kind);
  }
}

void check_messages(std::string_view body) {
  grpc::MessageCursor whole, bytewise;
  whole.take(body);
  for (std::size_t i = 0; i < body.size(); ++i) bytewise.take(body.substr(i, 1));
  require(whole.between_messages() == bytewise.between_messages());
  if (grpc::read_health_response(body) == grpc::Health::malformed) return;
  require(whole.between_messages() && body.size() <= grpc::health_response_bytes_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_fields(text);
  check_messages(text);
  const std::string request = grpc::health_request(text);
  grpc::MessageCursor cursor;
  cursor.take(request);
  require(cursor.between_messages());
  return 0;
}
