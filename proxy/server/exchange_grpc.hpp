// What is different where the request is a call of gRPC, up to the response: whether it is one, its deadline, and how
// a request of gRPC-Web becomes one of gRPC. Each step does nothing, or says what holds for all requests, where it is
// none. What is different of responses are members of
// AttemptReport, ResponseRelay and OwnAnswers, defined in exchange_grpc.cpp, too. Worker
// thread.
#pragma once

#include <optional>

#include "core/error.hpp"
#include "grpc/status.hpp"
#include "relay/body.hpp"
#include "server/exchange_context.hpp"

namespace weir::server {

class GrpcSteps {
 public:
  GrpcSteps(ExchangeContext& context, OutgoingRequest& request)
      : context_(context), decided_(context.decided), grpc_(context.grpc), request_(request) {}

  /// Calls are POST. What is not, a tunnel above all, could not tell a status of 200 from success.
  void note();
  /// The route is known.
  void note_web();
  Result<void> read_timeout() {
    if (!decided_.grpc) return {};
    return read_given_timeout();
  }
  /// The client counts from when it sent the request.
  void limit_to_timeout();
  /// How long a side of a call may be silent, where `bound` holds for other requests.
  Duration patience(Duration bound) const;

  /// Room in the request's head for what is left of the deadline. What a header policy says of it stays.
  void place_timeout() {
    if (grpc_.timeout) place_given_timeout();
  }
  /// For the try that begins.
  void write_timeout() {
    if (grpc_.timeout_at != GrpcCall::nowhere) write_time_left();
  }
  /// How many tries came before the one that follows (gRFC A6): the client's and Weir's, but not those that no endpoint
  /// looked at. What a header policy says of it stays, and what is no number, too.
  void write_attempts(unsigned tries_seen);
  /// The request that a client of gRPC would have sent. Messages of gRPC-Web are not compressed one by one: for a
  /// client that does not say what it accepts, grpc-accept-encoding says identity.
  void translate_web();
  /// Of all tries: where in its messages a call stands outlives one of them.
  relay::BodySource& request_body();
  /// What becomes of a call whose request did not come to its end.
  io::IoStatus why_upload_ended() const;
  /// A deadline of the client's own says nothing of the endpoint.
  Error with_origin(Error error) const;
  /// What a response ends with that the endpoint's grpc-status makes one to try again.
  bool retries_by_status() const;

  /// For the log and the metrics: the status that the client got.
  std::optional<grpc::Status> status() const;

 private:
  Result<void> read_given_timeout();
  void place_given_timeout();
  void write_time_left();

  ExchangeContext& context_;
  Decision& decided_;
  GrpcCall& grpc_;
  OutgoingRequest& request_;
};

}  // namespace weir::server
