// The request on its way to the endpoint of one try: sent at once where all of it is here, otherwise relayed beside
// the wait for the response, since an endpoint may answer before it has the whole request. Worker thread.
#pragma once

#include <optional>

#include "core/error.hpp"
#include "core/task.hpp"
#include "io/reactor.hpp"
#include "server/endpoint_call.hpp"
#include "server/exchange_context.hpp"
#include "server/exchange_grpc.hpp"
#include "server/exchange_mirror.hpp"
#include "server/exchange_response.hpp"

namespace weir::server {

class Upload {
 public:
  Upload(ExchangeContext& context, OutgoingRequest& request, EndpointCall& call, GrpcSteps& grpc_steps,
         ClientResponse& response, Mirroring& mirror)
      : context_(context),
        decided_(context.decided),
        request_(request),
        call_(call),
        grpc_steps_(grpc_steps),
        response_(response),
        mirror_(mirror) {}

  /// Starts to send a request of which the client sends nothing more: true when it is done. What of its body an earlier
  /// try has consumed goes out again. Then report it with written().
  bool try_send(io::IoResult& sent);
  /// How the write of a request without a further body ended.
  Result<void> written(const io::IoResult& sent);
  /// Starts to send a request with its body.
  Task<Result<void>> start();

  bool running() const { return request_.upload_done && !request_.upload_done->is_set(); }
  /// The endpoint has the whole request.
  bool is_through() const { return !running() && (!request_.upload_end || request_.upload_end->complete()); }
  /// Ends an upload that is still running; afterwards nothing refers to the two streams any more.
  Task<> finish();
  /// A running upload ends soon: await ended().
  void cancel();
  io::Signal& ended() { return *request_.upload_done; }

  /// Why the response is not to be had, where that is for the request's own end.
  std::optional<Error> failure() const;
  /// What a body that came too slowly is.
  Error slow(bool too_slow) const;
  /// The body is kept while it passes, so that it can be sent again.
  bool replays_body() const;

 private:
  Task<> run();
  void end(bool well);

  ExchangeContext& context_;
  const Decision& decided_;
  OutgoingRequest& request_;
  EndpointCall& call_;
  GrpcSteps& grpc_steps_;
  ClientResponse& response_;
  Mirroring& mirror_;
};

}  // namespace weir::server
