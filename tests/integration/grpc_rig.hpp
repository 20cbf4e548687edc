// What the suites of gRPC share: calls by a client of HTTP/2 with frames of its own, and their status. Bodies are
// framed by hand: tests/clients/grpc_client.py has a real client. The test's thread only.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "integration/http2_endpoint_rig.hpp"

namespace weir::testing {

inline const std::string grpc_path = "/test.v1.Echo/Call";

class GrpcRig : public Http2EndpointRig {
 protected:
  explicit GrpcRig(Http2Script script = grpc::echo()) : Http2EndpointRig({}, std::move(script)) {}

  /// Begins a call whose messages are still to be sent.
  static std::uint32_t start_call(Http2Client& client, const h2::FieldLines& extra = {},
                                  const std::string& path = grpc_path) {
    return client.start_request(client.fields_of("POST", path, grpc::call_fields(extra)), false);
  }
  /// A whole call with one message, on a connection of its own.
  Http2Response call(const std::string& text = "hello", const h2::FieldLines& extra = {},
                     const std::string& path = grpc_path) const {
    return client().exchange("POST", path, grpc::message(text), grpc::call_fields(extra));
  }
  double calls(const std::string& status) const {
    return weir_->metric("weir_grpc_requests_total", "grpc_status=\"" + status + "\"");
  }
};

/// grpc-status, of the head or the trailers; "" where there is none.
std::string grpc_status_of(const Http2Response& response);
std::string grpc_message_of(const Http2Response& response);
/// A trailers-only answer in one frame, as Weir makes them.
void expect_own_error(const Http2Response& response, int status);

std::string base64(std::string_view bytes);
/// Of one or several padded texts in a row.
std::string from_base64(std::string_view text);

/// A body of gRPC-Web: its messages, and the lines of its last frame.
struct GrpcWebBody {
  std::vector<std::string> messages;
  std::optional<std::string> trailers;
};
GrpcWebBody parse_grpc_web(std::string_view body);

}  // namespace weir::testing
