#include "server/exchange_state.hpp"

#include "core/kept_text.hpp"

namespace weir::server {

void Decision::reset() {
  place.give_back();
  upstream_place.give_back();
  empty_text(decoded_path);
  empty_text(resolved_path);
  route = nullptr;
  proxy = nullptr;
  upstream = config::no_upstream;
  view = nullptr;
  timeouts = nullptr;
  split_why = split::Why::weight;
  set_cookie.clear();
  limit_fields.clear();
  limited_by = refused_by = nullptr;
  request_id = traceparent = {};
  traceparent_kept = grpc = false;
}

grpc::Status GrpcCall::status_of(const Error& error) const {
  const bool by_reset =
      error.kind == ErrorKind::upstream_reset || error.kind == ErrorKind::response_incomplete;
  if (by_reset && reset_status) return *reset_status;
  return grpc::status_of_error(error.kind);
}

void GrpcCall::reset() {
  web.reset();
  timeout.reset();
  timeout_at = nowhere;
  upload.reset();
  body.reset();
  reset_status.reset();
  said.reset();
}

void OutgoingRequest::end_try() {
  progress = {};
  upload_end.reset();
  upload_done.reset();
}

void OutgoingRequest::reset() {
  empty_text(bytes);
  empty_text(target);
  empty_text(replay);
  empty_text(trailers);
  upgrade = false;
  end_try();
}

void Outcome::reset() {
  status = 0;
  body_bytes = 0;
  error.reset();
  reason = {};
  empty_text(kept_texts);
  attempts.clear();
  retry_refusal = {};
  queue_ms = -1;
}

}  // namespace weir::server
