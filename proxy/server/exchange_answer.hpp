// Answers that Weir makes itself: redirects, `respond`, and every error. The one place where an Error becomes a
// response. Each says what may happen to the client's connection afterwards. Worker thread.
#pragma once

#include <string_view>

#include "core/error.hpp"
#include "core/task.hpp"
#include "grpc/status.hpp"
#include "http/outgoing.hpp"
#include "server/exchange_context.hpp"
#include "server/exchange_response.hpp"

namespace weir::server {

class OwnAnswers {
 public:
  OwnAnswers(ExchangeContext& context, ClientResponse& response)
      : context_(context),
        decided_(context.decided),
        grpc_(context.grpc),
        outcome_(context.outcome),
        response_(response) {}

  /// Status and text by the table in core/error.cpp; to a client of gRPC the status of gRPC that this stands for.
  Task<After> error(Error error);
  Task<After> failure(const Result<void>& failed);
  /// OPTIONS that may go no further: we are who is asked (RFC 9110 7.6.2).
  Task<After> options();
  /// An extended CONNECT for a route without WebSockets: a 2xx would open the tunnel (RFC 8441 5).
  Task<After> no_tunnel();
  Task<After> redirect_to_https();
  Task<After> redirect(const config::RedirectAction& action);
  Task<After> respond(const config::RespondAction& action);
  /// A head with a status of gRPC, and nothing behind it ("Trailers-Only"). `fields`: the lines that say it.
  Task<After> grpc_status(grpc::Status status, std::string_view fields, std::string_view proxy_status,
                          bool connection_is_good);

 private:
  Task<After> answer(const http::OwnResponse& response, bool connection_is_good);
  Task<After> grpc_error(Error error, std::string_view proxy_status, bool connection_is_good);
  bool consume_buffered_body();

  ExchangeContext& context_;
  Decision& decided_;
  GrpcCall& grpc_;
  Outcome& outcome_;
  ClientResponse& response_;
};

}  // namespace weir::server
