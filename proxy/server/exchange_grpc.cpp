// What is different where the request is a call of gRPC: its deadline, the status that it ends with (in a head, in
// trailers, or said by Weir itself), and gRPC-Web. The rest of the walk asks here.
#include "server/exchange_grpc.hpp"

#include <algorithm>
#include <utility>

#include "grpc/reset.hpp"
#include "grpc/timeout.hpp"
#include "http/text.hpp"
#include "server/exchange_answer.hpp"
#include "server/exchange_relay.hpp"
#include "server/exchange_report.hpp"
#include "server/grpc_fields.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

constexpr std::string_view timeout_name = "grpc-timeout";
constexpr std::string_view pushback_name = "grpc-retry-pushback-ms";
constexpr std::string_view accept_encoding_name = "grpc-accept-encoding";
constexpr std::string_view at_once = "0";  // of a pushback

const http::Field* find_grpc_field(std::span<const http::Field> fields, std::string_view lower_name) {
  const auto found = std::ranges::find_if(
      fields, [&](const http::Field& field) { return is_grpc_field(field, lower_name); });
  return found == fields.end() ? nullptr : &*found;
}

/// For people. With a deadline of the client's own that is what is over.
std::string_view message_of(const Error& error, bool has_deadline) {
  if (error.kind == ErrorKind::total_timeout && has_deadline) return "the deadline is over";
  return error.detail;
}

}  // namespace

void GrpcSteps::note() {
  if (context_.head.method != http::Method::post) return;
  const http::Field* const type = context_.head.find(http::FieldId::content_type);
  decided_.grpc = type != nullptr && grpc::is_grpc(type->value);
}

void GrpcSteps::note_web() {
  if (!decided_.route->config->grpc_web || context_.head.method != http::Method::post) return;
  const http::Field* const type = context_.head.find(http::FieldId::content_type);
  if (type == nullptr) return;
  const grpc::Web kind = grpc::web_kind(type->value);
  if (kind == grpc::Web::none) return;
  const http::Field* const accept = context_.head.find(http::FieldId::accept);
  const std::string_view wanted = accept != nullptr ? accept->value : std::string_view();
  grpc_.web = std::make_unique<GrpcWebCall>(type->value, kind, wanted);
  decided_.grpc = true;
}

Result<void> GrpcSteps::read_given_timeout() {
  for (const http::Field& field : context_.head.fields) {
    if (!is_grpc_field(field, timeout_name)) continue;
    if (grpc_.timeout) return client_error(ErrorKind::malformed_request, "grpc-timeout is there twice");
    grpc_.timeout = grpc::parse_timeout(field.value);
    if (!grpc_.timeout) return client_error(ErrorKind::malformed_request, "grpc-timeout is malformed");
  }
  if (grpc_.timeout && context_.started + *grpc_.timeout <= context_.now())
    return self_error(ErrorKind::total_timeout, "grpc-timeout is over");
  return {};
}

void GrpcSteps::limit_to_timeout() {
  if (grpc_.timeout) context_.deadline = std::min(context_.deadline, context_.started + *grpc_.timeout);
}

Duration GrpcSteps::patience(Duration bound) const {
  return grpc_.timeout ? grpc::silence_allowed(bound, *grpc_.timeout) : bound;
}

void GrpcSteps::place_given_timeout() {
  const http::Field field{http::FieldId::unknown, timeout_name, {}};
  if (decided_.route->headers.request.names(field)) return;
  const auto place = find_value(request_.bytes, timeout_name);
  if (!place) return;
  const grpc::TimeoutText text = grpc::format_timeout(*grpc_.timeout);
  request_.bytes.replace(place->at, place->size, " ");
  grpc_.timeout_at = place->at + 1;
  request_.bytes.insert(grpc_.timeout_at, text.data(), text.size());
}

void GrpcSteps::write_time_left() {
  const grpc::TimeoutText left = grpc::format_timeout(context_.deadline - context_.now());
  request_.bytes.replace(grpc_.timeout_at, left.size(), left.data(), left.size());
}

void GrpcSteps::write_attempts(unsigned tries_seen) {
  if (!decided_.grpc || decided_.route->headers.request.names(previous_attempts_field)) return;
  const auto before = previous_attempts_in(context_.head.fields);
  if (!before) return;
  std::string& bytes = request_.bytes;
  write_previous_attempts(bytes, *before + tries_seen);
  if (grpc_.timeout_at != GrpcCall::nowhere) grpc_.timeout_at = find_value(bytes, timeout_name)->at + 1;
}

void GrpcSteps::translate_web() {
  if (!grpc_.web) return;
  for (http::Field& field : context_.head.fields) {
    if (field.id != http::FieldId::content_type) continue;
    field.value = grpc_.web->request_type;
    field.verbatim = false;
  }
  if (find_grpc_field(context_.head.fields, accept_encoding_name) == nullptr)
    context_.head.fields.push_back({http::FieldId::unknown, accept_encoding_name, "identity"});
  context_.head.accepts_trailers = true;
  const bool has_body = context_.head.body.kind == http::BodyKind::length && context_.head.body.length > 0;
  if (has_body) request_.framing = {http::BodyKind::chunked, 0};
  if (grpc_.web->request == grpc::Web::text) grpc_.web->source.emplace(context_.client->body());
}

relay::BodySource& GrpcSteps::request_body() {
  if (!decided_.grpc) return context_.client->body();
  if (grpc_.upload) return *grpc_.upload;
  if (grpc_.web && grpc_.web->source) return grpc_.upload.emplace(*grpc_.web->source);
  return grpc_.upload.emplace(context_.client->body());
}

/// What becomes of a call whose request did not come to its end. With a deadline the client may have been silent until
/// then, which is no leaving.
io::IoStatus GrpcSteps::why_upload_ended() const {
  return grpc_.timeout && context_.total_is_over() ? io::IoStatus::timeout : io::IoStatus::peer_gone;
}

Error GrpcSteps::with_origin(Error error) const {
  const bool clients_own = grpc_.timeout && context_.started + *grpc_.timeout <= context_.deadline;
  if (clients_own && error.kind == ErrorKind::total_timeout) error.origin = Origin::client;
  return error;
}

/// What the head of the response says of the call's status.
void AttemptReport::note_grpc_head() {
  if (!decided_.grpc) return;
  grpc_status_ = grpc_status_in(response().fields);
  const http::Field* const pushback = find_grpc_field(response().fields, pushback_name);
  grpc_pushback_ = pushback != nullptr && pushback->value != at_once;
}

/// And its trailers, which have it where there are messages; they count before the head.
void AttemptReport::note_grpc_trailers(std::string_view lines) {
  if (!decided_.grpc) return;
  if (const auto status = grpc_status_in(lines)) grpc_status_ = status;
  grpc_.said = grpc_status_;
}

std::uint16_t AttemptReport::failure_of_response() const {
  return upstream::failure_bit_of_response(response().status, grpc_status_);
}

/// What answers a call with success, and says nothing of how it went, is no server of gRPC.
bool AttemptReport::probe_lacks_status() const {
  return decided_.grpc && choice_.pick().ticket.probe && response().status == 200 && !grpc_status_ &&
         !message_seen_;
}

/// The head of the response says nothing of how the call goes.
bool AttemptReport::awaits_grpc_status() const {
  return decided_.grpc && !grpc_status_ && response_is_grpc() && !response_is_head_only();
}

bool AttemptReport::response_is_grpc() const {
  if (response().status != 200) return false;
  if (grpc_status_ && response_is_head_only()) return true;
  const http::Field* const type = response().find(http::FieldId::content_type);
  return type != nullptr && grpc::is_grpc(type->value);
}

bool AttemptReport::response_is_head_only() const {
  const http::Framing& body = response().body;
  return body.kind == http::BodyKind::none || (body.kind == http::BodyKind::length && body.length == 0);
}

/// What a reset of the stream by the endpoint stands for, where that is what `error` is about.
std::optional<grpc::Status> AttemptReport::status_of_reset(const Error& error) const {
  const bool by_reset =
      error.kind == ErrorKind::upstream_reset || error.kind == ErrorKind::response_incomplete;
  if (!decided_.grpc || !by_reset) return std::nullopt;
  const auto code = call_.reset_code();
  if (!code) return std::nullopt;
  return grpc::status_of_reset(*code);
}

bool GrpcSteps::retries_by_status() const {
  return decided_.grpc && (context_.upstream().retry.on & upstream::failures_of_grpc) != 0;
}

/// The head of the response, as the client may read it.
const http::ResponseHead& ResponseRelay::response_head() {
  return grpc_.web ? grpc_.web->translate(response()) : response();
}

relay::BodySource& ResponseRelay::response_body() {
  relay::BodySource& body = attempt_.call().begin_body();
  if (!decided_.grpc) return body;
  if (!attempt_.report().awaits_message()) return grpc_.body.emplace(body);
  return grpc_.body.emplace(body, [this] { attempt_.report().judge_by_message(); });
}

/// Without a body the status is in the head, in gRPC-Web, too.
relay::BodySink& ResponseRelay::response_sink(http::BodyKind kind) {
  relay::BodySink& sink = context_.client->sink(kind);
  if (!grpc_.web || kind == http::BodyKind::length || kind == http::BodyKind::none) return sink;
  return grpc_.web->sink.emplace(sink, grpc_.web->response);
}

/// An error as a client of gRPC reads it: a head with the status, and nothing behind it ("Trailers-Only").
Task<After> OwnAnswers::grpc_error(Error error, std::string_view proxy_status, bool connection_is_good) {
  const grpc::Status status = grpc_.status_of(error);
  const std::string fields = grpc_status_lines(status, message_of(error, grpc_.timeout.has_value()));
  outcome_.error = std::move(error);
  co_return co_await grpc_status(status, fields, proxy_status, connection_is_good);
}

Task<After> OwnAnswers::grpc_status(grpc::Status status, std::string_view fields,
                                    std::string_view proxy_status, bool connection_is_good) {
  grpc_.said = status;
  http::OwnResponse response;
  response.status = 200;
  response.content_type = "application/grpc";
  if (grpc_.web) response.content_type = grpc_.web->response_type;
  response.extra_fields = fields;
  response.proxy_status = proxy_status;
  response.head_only = context_.head.method == http::Method::head;
  co_return co_await answer(response, connection_is_good);
}

Task<After> ResponseRelay::answer_not_grpc() {
  const int http_status = response().status;
  auto said_status = attempt_.report().grpc_status();
  if (said_status == grpc::Status::ok) said_status.reset();  // which it is not: this is no response of gRPC
  const grpc::Status status = said_status.value_or(grpc::status_of_http(http_status));
  const std::string message = http_status == 200 ? std::string("the response is not gRPC")
                                                 : "HTTP status " + std::to_string(http_status);
  const std::string_view said = grpc_message_in(response().fields);
  const bool says_why = said_status && !said.empty();
  std::string fields = says_why ? grpc_status_lines_with(status, said) : grpc_status_lines(status, message);
  co_await attempt_.upload().finish();
  attempt_.report().went_well();
  outcome_.attempts.back().outcome = "ok";
  attempt_.release(attempt_.drain_response());
  constexpr std::string_view no_proxy_status;
  co_return co_await answers_.grpc_status(status, fields, no_proxy_status, true);
}

/// A response that is cut now can still end with a status: the client has whole messages, and trailers can follow.
bool ResponseRelay::may_end_with_status() const {
  return grpc_.body && grpc_.body->between_messages() && response_framing().kind == http::BodyKind::chunked;
}

/// The head is with the client, so the status is in trailers.
Task<After> ResponseRelay::end_with_status() {
  const grpc::Status status = grpc_.status_of(*outcome_.error);
  const std::string lines = grpc_status_lines(status, message_of(*outcome_.error, grpc_.timeout.has_value()));
  relay::BodyBatch batch;
  batch.begin({});
  batch.end(lines);
  const relay::WriteBounds bounds{context_.listener().limits.send_timeout};
  relay::BodySink& sink = response_sink(http::BodyKind::chunked);
  const relay::PacedWrite written = co_await relay::write_batch(sink, batch, bounds);
  if (!written.ok()) co_return After::reset;
  grpc_.said = status;
  const bool request_is_in = !request_.upload_end || request_.upload_end->complete();
  co_return request_is_in ? After::close : After::linger;
}

/// Of a call that was cut, or that its client left, the status of what did that.
std::optional<grpc::Status> GrpcSteps::status() const {
  if (!decided_.grpc || grpc_.said || !context_.outcome.error) return grpc_.said;
  return grpc_.status_of(*context_.outcome.error);
}

}  // namespace weir::server
