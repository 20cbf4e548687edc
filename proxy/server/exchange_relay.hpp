// The response of an endpoint on its way to the client, as a body or as a tunnel, and what happens where it is cut.
// Each step ends the attempt and says what may happen to the client's connection. Worker thread.
#pragma once

#include <string>

#include "core/task.hpp"
#include "relay/relay_body.hpp"
#include "server/exchange_answer.hpp"
#include "server/exchange_attempt.hpp"
#include "server/exchange_context.hpp"
#include "server/exchange_grpc.hpp"
#include "server/exchange_response.hpp"

namespace weir::server {

class ResponseRelay {
 public:
  ResponseRelay(ExchangeContext& context, OutgoingRequest& request, GrpcSteps& grpc_steps,
                ClientResponse& response, OwnAnswers& answers, Attempt& attempt)
      : context_(context),
        decided_(context.decided),
        grpc_(context.grpc),
        outcome_(context.outcome),
        request_(request),
        grpc_steps_(grpc_steps),
        response_(response),
        answers_(answers),
        attempt_(attempt) {}
  void reset();

  /// Head and body.
  Task<After> pass_on();
  /// The endpoint switched protocols: bytes both ways, until one side ends.
  Task<After> upgrade();
  /// A response that this client cannot be given. For the endpoint's health it is one that went well: a client could
  /// bring any endpoint to such a response.
  Task<After> refuse(const Result<void>& unacceptable);
  /// A client of gRPC-Web cannot read what the endpoint, or a proxy before it, answered: it gets the status that this
  /// stands for. The endpoint has no part in that beyond its status, and its message where it sends one of gRPC.
  Task<After> answer_not_grpc();

 private:
  bool trailers_are_due() const;
  /// How the body is framed towards the client: as it came, unless the length is unknown or trailers follow it
  /// (chunked), or the client is too old for chunked (until close).
  http::Framing response_framing() const;
  const http::ResponseHead& response_head();
  relay::BodySource& response_body();
  relay::BodySink& response_sink(http::BodyKind kind);
  bool rest_can_follow() const;
  TimePoint tunnel_ends_at() const;
  Task<After> end_cut(relay::RelayEnd end);
  bool may_end_with_status() const;
  Task<After> end_with_status();
  const http::ResponseHead& response() const { return attempt_.response(); }

  ExchangeContext& context_;
  const Decision& decided_;
  GrpcCall& grpc_;
  Outcome& outcome_;
  OutgoingRequest& request_;
  GrpcSteps& grpc_steps_;
  ClientResponse& response_;
  OwnAnswers& answers_;
  Attempt& attempt_;

  std::string nominated_;  // by Connection: no trailer of these names passes
  relay::RelayProgress progress_;
};

}  // namespace weir::server
