// The fields in which gRPC says how a call ended: in a head ("Trailers-Only"), or in trailers. Pure; any thread.
#pragma once

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

/// grpc-status, and grpc-message where there is one, as field lines. `message` may be any text.
std::string grpc_status_lines(grpc::Status status, std::string_view message);

}  // namespace weir::server
