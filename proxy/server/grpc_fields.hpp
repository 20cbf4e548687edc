// The fields in which gRPC says how a call ended: in a head ("Trailers-Only"), or in trailers. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "grpc/status.hpp"
#include "http/head.hpp"

namespace weir::server {

/// A field outside the registry of names, as all of gRPC's are; `lower_name` is one of gRPC's.
bool is_grpc_field(const http::Field& field, std::string_view lower_name);

/// What grpc-status says; nothing where there is none, or none that is a number.
std::optional<grpc::Status> grpc_status_in(std::span<const http::Field> fields);
/// The same in trailers: field lines.
std::optional<grpc::Status> grpc_status_in(std::string_view lines);

/// The value of grpc-message as it came; empty where there is none.
std::string_view grpc_message_in(std::span<const http::Field> fields);

/// grpc-status, and grpc-message where there is one, as field lines. `message` may be any text.
std::string grpc_status_lines(grpc::Status status, std::string_view message);
/// The same with a value of grpc-message that came from elsewhere.
std::string grpc_status_lines_with(grpc::Status status, std::string_view encoded_message);

/// grpc-previous-rpc-attempts (gRFC A6) of a request: 0 where it is absent; nothing where it is no count.
std::optional<std::uint32_t> previous_attempts_in(std::span<const http::Field> fields);
/// Makes a head that Weir wrote say `attempts`; without any it says nothing. What says it already stays as it is.
void write_previous_attempts(std::string& head, std::uint32_t attempts);
inline constexpr http::Field previous_attempts_field{
    http::FieldId::unknown, "grpc-previous-rpc-attempts", {}};  // for header policies

/// Where the value of a field is in a head that Weir wrote: behind the colon, up to the end of the line.
struct ValuePlace {
  std::size_t at = 0, size = 0;
};
std::optional<ValuePlace> find_value(std::string_view head, std::string_view lower_name);

}  // namespace weir::server
