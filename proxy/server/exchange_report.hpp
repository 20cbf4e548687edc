// Reports a try: to the retry rules, to the endpoint's passive health, and to its latency. Failures by status
// are pending over all tries, until the request has ended. Worker thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "grpc/status.hpp"
#include "health/cause.hpp"
#include "server/endpoint_call.hpp"
#include "server/exchange_balance.hpp"
#include "server/exchange_context.hpp"
#include "upstream/pending_failures.hpp"
#include "upstream/retry.hpp"

namespace weir::server {

class AttemptReport {
 public:
  AttemptReport(ExchangeContext& context, const OutgoingRequest& request, EndpointCall& call,
                EndpointChoice& choice)
      : context_(context),
        decided_(context.decided),
        grpc_(context.grpc),
        request_(request),
        call_(call),
        choice_(choice) {}

  /// Another try begins: nothing is known of it.
  void begin();

  /// How the try ended: `error`, or (nullptr) the response head that it got.
  upstream::TryOutcome outcome_of(const Error* error) const;
  /// The head of a response is there: passive health hears of it now, or when its body has ended.
  void judge_head();
  /// Of a probe whose response is gRPC: the first message is the verdict, or the status at its end. Without either it
  /// has failed.
  bool awaits_message() const { return choice_.pick().ticket.probe && !judged_; }
  /// A stream may last for hours, and its first message comes from an app that works.
  void judge_by_message();
  /// The response served its client, or ended for no fault of the endpoint.
  void went_well() {
    if (!judged_) report_health(nullptr);
  }
  /// The client left within the response: as far as it went all was well. A probe that is not judged by its head has no
  /// verdict then.
  void client_left();
  /// The try ended with `error`, before a response or within one. True: a kept connection was stale.
  bool failed(const Error& error);
  void note_latency(const Error* error);
  /// The trailers of the response, which have the status of a call of gRPC where there are messages.
  void note_grpc_trailers(std::string_view lines);
  std::optional<grpc::Status> grpc_status() const { return grpc_status_; }
  /// Whether what the client of a gRPC-Web call would get is a response to one: by its type, or by a status in a head
  /// that is all of it ("Trailers-Only"), which some servers send without a type.
  bool response_is_grpc() const;
  /// Failures by status, which wait for what becomes of the request. `answered`: an endpoint served it.
  void settle_pending(bool answered) {
    if (!pending_.empty()) settle(answered);
  }

 private:
  void settle(bool answered);
  void note_grpc_head();
  bool response_is_head_only() const;
  bool awaits_grpc_status() const;
  std::optional<grpc::Status> status_of_reset(const Error& error) const;
  std::uint16_t failure_of_response() const;
  bool probe_lacks_status() const;
  std::uint16_t failure_of_attempt(const Error* error);
  void report_health(const Error* error);
  const http::ResponseHead& response() const { return call_.response(); }

  ExchangeContext& context_;
  const Decision& decided_;
  GrpcCall& grpc_;
  const OutgoingRequest& request_;
  EndpointCall& call_;
  EndpointChoice& choice_;

  bool judged_ = false;                      // passive health has heard how the try went
  bool message_seen_ = false;                // of a probe that is a call of gRPC: a whole one came
  std::optional<grpc::Status> grpc_status_;  // in the head of the response, or in its trailers
  bool grpc_pushback_ = false;               // that head forbids to try again at once
  upstream::PendingFailures pending_;        // failures by status that are not counted yet
};

}  // namespace weir::server
