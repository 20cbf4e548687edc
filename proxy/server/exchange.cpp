// THE walk: what happens to a request, top to bottom. Every step is one call; an early exit is an Error that
// answer_error turns into a response; finish() always runs last.
#include "server/exchange.hpp"

#include <exception>

#include "io/spawn.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {

Task<After> Exchange::run() {
  After after = After::reset;
  std::exception_ptr failure;
  try {
    if (refusal_) {
      make_request_id();
      Error why = std::move(*refusal_);
      after = co_await answer_error(std::move(why));
    } else {
      after = co_await walk();
    }
  } catch (...) {
    failure = std::current_exception();  // out of memory: this request ends, the process does not
  }
  if (failure) {
    give_up(failure);
    if (upload_running()) {
      cancel_upload();
      co_await *upload_done_;  // in this frame: there may be no memory for another
    }
  }
  finish();
  co_return after;
}

void Exchange::give_up(const std::exception_ptr& failure) {
  reason_ = facts(ErrorKind::internal).name;
  io::log_failure("request", failure);
}

Task<After> Exchange::walk() {
  identify();
  auto normal = normalise();
  if (!normal) co_return co_await answer_failure(normal);
  if (head.has_via && http::came_through(head, worker_.via())) {
    Error loop = self_error(ErrorKind::loop_detected, "the request came through this process before");
    co_return co_await answer_error(std::move(loop));
  }
  if (redirects_to_https()) co_return co_await answer_redirect_to_https();

  auto routed = find_route();
  if (!routed) co_return co_await answer_failure(routed);
  auto admitted = admit();
  if (!admitted) co_return co_await answer_failure(admitted);
  auto affordable = check_limits();
  if (!affordable) co_return co_await answer_failure(affordable);

  if (http::max_forwards(head) == 0U) co_return co_await answer_options();
  const config::Action& action = route_->config->action;
  if (const auto* redirect = std::get_if<config::RedirectAction>(&action))
    co_return co_await answer_redirect(*redirect);
  if (const auto* respond = std::get_if<config::RespondAction>(&action))
    co_return co_await answer_respond(*respond);
  proxy_ = &std::get<config::ProxyAction>(action);
  upstream_ = proxy_->upstream;
  timeouts_ = &route_->timeouts;

  auto acceptable = check_body_limit();
  if (!acceptable) co_return co_await answer_failure(acceptable);

  if (proxy_->split) choose_side();
  auto entered = enter_upstream();
  if (!entered) co_return co_await answer_failure(entered);

  // Chooses an endpoint, sends the request, waits for the response head; tries another endpoint where that is
  // safe.
  auto answered = co_await forward();
  if (!answered) co_return co_await answer_failure(answered);

  if (response().status == 101) co_return co_await relay_upgrade();
  co_return co_await relay_response();
}

Exchange::Exchange(Worker& worker) : worker_(worker), call_(worker.reactor(), worker.buffers()) {}

Exchange::~Exchange() {
  reset();
}

void Exchange::begin(Session& session) {
  session_ = &session;
  generation_ = worker_.generation();
  started = worker_.reactor().now();
  wall_started_ = worker_.reactor().wall_now();
  forwarded_.client_ip = session.peer().ip;
  forwarded_.proto = session.is_tls() ? "https" : "http";
}

void Exchange::reset() {
  if (session_ != nullptr && watching_) watch_client(false);
  settle_blame(false);  // a request that never came to its end: a probe must not stay without one
  release_endpoint();
  give_back(next_);
  place_.give_back();
  mirror_.reset();
  upstream_place_.give_back();
  call_.reset();
  head.clear();
  head_scanned = 0;
  route_ = nullptr;
  proxy_ = nullptr;
  upstream_ = config::no_upstream;
  timeouts_ = nullptr;
  split_why_ = split::Why::weight;
  set_cookie_.clear();
  limit_fields_.clear();
  limited_by_ = refused_by_ = nullptr;
  session_ = nullptr;
  generation_.reset();
  request_id_ = traceparent_ = reason_ = {};
  traceparent_kept_ = false;
  for (std::string* text :
       {&request_out_, &response_out_, &target_, &resolved_path_, &decoded_path_, &replay_, &kept_texts_}) {
    text->clear();
    if (text->capacity() > kept_text_bytes_max) *text = {};
  }
  request_body_.reset();
  response_body_.reset();
  request_progress_ = {};
  response_progress_ = {};
  upload_end_.reset();
  upload_done_.reset();
  upgrade_ = continue_sent_ = fresh_connection_only_ = is_retry_ = watching_ = false;
  response_body_bytes_ = 0;
  total_deadline_ = TimePoint::max();
  tried_.clear();
  avoided_ = balance::none;
  queue_ms_ = -1;
  retry_ = {};
  retry_refusal_ = {};
  attempts_.clear();
  status_ = 0;
  refusal_.reset();
  error_.reset();
}

}  // namespace weir::server
