// One try at one endpoint: choose, connect, send, wait for the response head. Owns the call of the endpoint, the
// upload and the report of the try, and is used again for the next one.
//
// While the call runs, this is who hears that the client left: the call is aborted. Worker thread.
#pragma once

#include "core/error.hpp"
#include "core/task.hpp"
#include "server/endpoint_call.hpp"
#include "server/exchange_balance.hpp"
#include "server/exchange_context.hpp"
#include "server/exchange_grpc.hpp"
#include "server/exchange_mirror.hpp"
#include "server/exchange_report.hpp"
#include "server/exchange_response.hpp"
#include "server/exchange_upload.hpp"

namespace weir::server {

class Attempt final : private ClientObserver {
 public:
  Attempt(ExchangeContext& context, OutgoingRequest& request, GrpcSteps& grpc_steps, ClientResponse& response,
          Mirroring& mirror, EndpointChoice& choice);
  /// Nothing runs any more. The place at the endpoint is the choice's.
  void reset();
  /// Ready for the next try, after end().
  void begin_next();

  /// The whole try, to the final head of a response; where it fails it has ended. `kept_too`: a kept connection will
  /// do.
  Task<Result<void>> run(bool kept_too);

  Upload& upload() { return upload_; }
  AttemptReport& report() { return report_; }
  EndpointCall& call() { return call_; }
  const http::ResponseHead& response() const { return call_.response(); }

  /// It is over without a response that the client gets: `error`, or (nullptr) a response that is not used.
  void end(const Error* error);
  /// The exchange with the endpoint is over: its connection is kept or closed, its in-flight count goes down.
  void release(bool reusable);
  /// Takes in the body of a response that is not used, as far as it is here already: nothing is waited for. True when
  /// that is all of it, so that the connection can be used again.
  bool drain_response();
  /// The client leaving does not abort the call any more.
  void unwatch_client();

 private:
  void begin_call();
  CallTarget target() const;
  Task<Result<void>> connect();
  Result<void> head_received(CallEnd end);
  Task<Result<void>> pass_interim_responses();
  void watch_client();
  void log_broken_connection() const;
  void on_client_left(io::IoStatus why) override;

  ExchangeContext& context_;
  const Decision& decided_;
  Outcome& outcome_;
  OutgoingRequest& request_;
  GrpcSteps& grpc_steps_;
  ClientResponse& response_;
  EndpointChoice& choice_;

  EndpointCall call_;
  Upload upload_;
  AttemptReport report_;
  bool watching_ = false;  // the call is aborted when the client leaves
};

}  // namespace weir::server
