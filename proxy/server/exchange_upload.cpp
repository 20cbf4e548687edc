#include "server/exchange_upload.hpp"

#include "http/trailers.hpp"
#include "io/spawn.hpp"
#include "server/call_error.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {

bool Upload::try_send(io::IoResult& sent) {
  if (request_.framing.kind != http::BodyKind::none) {
    request_.trailers = http::forwardable_trailers(context_.client->body().trailers(),
                                                   {&decided_.route->headers.request, request_.nominated});
  }
  return call_.try_send({request_.bytes, request_.replay, request_.trailers, request_.framing.kind}, sent);
}

Result<void> Upload::written(const io::IoResult& sent) {
  request_.progress.written_bytes += sent.bytes;
  if (!EndpointCall::may_answer(sent.status)) return send_error(sent.status, context_.total_is_over());
  call_.request_written();
  return {};
}

Task<Result<void>> Upload::start() {
  if (context_.head.expect_continue && !context_.client->body().has_more()) {
    const auto invited = co_await response_.invite_body();
    if (!invited) co_return invited;
  }
  request_.upload_done.emplace(context_.worker.reactor());
  io::spawn(
      "upload", [this] { return run(); }, [this](bool well) { end(well); });
  co_return Result<void>{};
}

Task<> Upload::run() {
  const config::ListenerLimits& limits = context_.listener().limits;
  relay::RelayOptions options;
  options.read_timeout = grpc_steps_.patience(limits.body_idle_timeout);
  options.write_timeout = decided_.timeouts->send;
  options.deadline = context_.deadline;
  options.body_bytes_max = limits.body_bytes;
  options.source_min_rate = limits.body_min_rate;
  options.trailers = {&decided_.route->headers.request, request_.nominated};
  options.resend = request_.replay;
  if (replays_body()) {
    options.replay = &request_.replay;
    options.replay_bytes_max = static_cast<std::size_t>(context_.upstream().retry.buffer_bytes);
  }
  options.copy = mirror_.body();
  request_.upload_end =
      co_await relay::relay_body(grpc_steps_.request_body(), call_.request_sink(request_.framing.kind),
                                 request_.bytes, options, request_.progress);
  if (context_.client->body().finished() && !request_.upload_end->error) mirror_.send();
}

/// `well`: without an exception.
void Upload::end(bool well) {
  if (!well) {
    request_.upload_end = relay::RelayEnd{relay::RelayEnd::Side::limit, io::IoStatus::ok, false,
                                          self_error(ErrorKind::internal, "out of memory")};
  }
  if (request_.upload_end->complete() || request_.upload_end->side == relay::RelayEnd::Side::target) {
    call_.request_written();
  } else {
    call_.abort(grpc_steps_.why_upload_ended());  // the request cannot be completed any more
  }
  request_.upload_done->set();
}

Task<> Upload::finish() {
  if (!running()) co_return;
  cancel();
  io::Signal& until = ended();
  co_await until;
}

void Upload::cancel() {
  call_.abort(io::IoStatus::cancelled);
  context_.client->cancel_read();
}

std::optional<Error> Upload::failure() const {
  if (!request_.upload_end || request_.upload_end->complete()) return std::nullopt;
  const relay::RelayEnd& end = *request_.upload_end;
  if (end.error) return end.error;
  if (end.side == relay::RelayEnd::Side::target) return send_error(end.status, context_.total_is_over());
  if (end.status == io::IoStatus::timeout) return slow(end.too_slow);
  return client_error(ErrorKind::client_gone, "the client left");
}

/// The client sends its body too slowly, or not at all.
Error Upload::slow(bool too_slow) const {
  if (!too_slow && context_.total_is_over()) {
    return upstream_error(ErrorKind::total_timeout, "timeouts.total is over");
  }
  auto& ended = context_.session().counters().clients_ended;
  ++(too_slow ? ended.body_min_rate : ended.body_idle_timeout);
  return client_error(ErrorKind::body_timeout, too_slow ? "the request body comes below limits.body_min_rate"
                                                        : "the request body did not come in time");
}

/// Where retries may be, and over a shared connection, whose endpoint may say that it did not look at the request.
bool Upload::replays_body() const {
  const auto& retry = context_.upstream().retry;
  if (call_.is_shared()) return true;
  const bool may_be_retried =
      http::is_idempotent(context_.head.method) || retry.non_idempotent || grpc_steps_.retries_by_status();
  return retry.attempts > 0 && may_be_retried;
}

}  // namespace weir::server
