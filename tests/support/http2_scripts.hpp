// Ready-made scripts for an Http2Endpoint's requests, and the messages of gRPC (a byte and a length in front of each,
// grpc/grpc doc/PROTOCOL-HTTP2.md). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/http2_endpoint.hpp"

namespace weir::testing::scripts {

// Answers when the request has ended.
Http2Script ok(const std::string& body = "ok", const h2::FieldLines& fields = {});
Http2Script status(int code);
/// The request's body back, when it has come.
Http2Script echo();
/// Each piece of the body back as it comes.
Http2Script echo_at_once();
/// By path: `/bytes/N` brings N bytes, `/echo` the body, `/hang` nothing, everything else "ok".
Http2Script by_path();
/// Answers `name` and nothing else, so that tests see who answered.
Http2Script named(const std::string& name);
/// Takes everything and never answers.
Http2Script hang();
/// Resets each stream when its head has come.
Http2Script reset(std::uint32_t code);
/// One after the other over all connections; the last one stays. Of each only what is done at the head or end.
Http2Script sequence(std::vector<Http2Script> steps);

}  // namespace weir::testing::scripts

namespace weir::testing::grpc {

/// One message with its prefix.
std::string message(std::string_view bytes, bool compressed = false);
/// The messages of a body; throws TestFailure when the last one is cut.
std::vector<std::string> messages(std::string_view body);
/// Head of an answer.
h2::FieldLines head();
/// Trailers, or with head() together a trailers-only answer.
h2::FieldLines status(int code, const std::string& message = "");
/// Request fields of a call, behind the pseudo fields.
h2::FieldLines call_fields(const h2::FieldLines& extra = {});

/// Head, `answer` as a message, trailers, when the request has ended.
Http2Script unary(const std::string& answer, int status = 0, const std::string& status_message = "");
/// One HEADERS frame with END_STREAM.
Http2Script trailers_only(int status, const std::string& status_message = "",
                          const h2::FieldLines& extra = {});
/// Each message back as it comes, status 0 at the end: for all kinds of streams.
Http2Script echo();
/// The answer of grpc.health.v1: 0 UNKNOWN, 1 SERVING, 2 NOT_SERVING, 3 SERVICE_UNKNOWN.
Http2Script health(int serving);

}  // namespace weir::testing::grpc
