// THE walk: what happens to a request, top to bottom. Every step is one call; an early exit is an Error that
// answer_error turns into a response; finish() always runs last.
#include "server/exchange.hpp"

#include <exception>

#include "io/spawn.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {

namespace {

bool leads_to_websocket(const config::Action& action) {
  const auto* proxy = std::get_if<config::ProxyAction>(&action);
  return proxy != nullptr && proxy->websocket;
}

}  // namespace

Task<After> Exchange::run() {
  After after = After::reset;
  std::exception_ptr failure;
  try {
    grpc_steps_.note();
    if (refusal_) {
      decider_.make_request_id();
      Error why = std::move(*refusal_);
      after = co_await answers_.error(std::move(why));
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
      io::Signal& ended = *request_.upload_done;
      co_await ended;  // in this frame: there may be no memory for another
    }
  }
  finish();
  co_return after;
}

void Exchange::give_up(const std::exception_ptr& failure) {
  wait_ = nullptr;  // it was in a frame that is gone
  outcome_.reason = facts(ErrorKind::internal).name;
  io::log_failure("request", failure);
}

Task<After> Exchange::walk() {
  decider_.identify();
  auto normal = decider_.normalise();
  if (!normal) co_return co_await answers_.failure(normal);
  if (decider_.came_through_here()) {
    Error loop = self_error(ErrorKind::loop_detected, "the request came through this process before");
    co_return co_await answers_.error(std::move(loop));
  }
  if (decider_.redirects_to_https()) co_return co_await answers_.redirect_to_https();

  auto routed = decider_.find_route();
  if (!routed) co_return co_await answers_.failure(routed);
  grpc_steps_.note_web();
  auto admitted = decider_.admit();
  if (!admitted) co_return co_await answers_.failure(admitted);
  auto affordable = decider_.check_limits();
  if (!affordable) co_return co_await answers_.failure(affordable);

  if (http::max_forwards(head) == 0U) co_return co_await answers_.options();
  const config::Action& action = decided_.route->config->action;
  if (const auto* redirect = std::get_if<config::RedirectAction>(&action))
    co_return co_await answers_.redirect(*redirect);
  if (head.tunnel && !leads_to_websocket(action)) co_return co_await answers_.no_tunnel();
  if (const auto* respond = std::get_if<config::RespondAction>(&action))
    co_return co_await answers_.respond(*respond);
  decider_.go_by(std::get<config::ProxyAction>(action));

  auto acceptable = decider_.check_body_limit();
  if (!acceptable) co_return co_await answers_.failure(acceptable);
  auto timed = grpc_steps_.read_timeout();
  if (!timed) co_return co_await answers_.failure(timed);

  decider_.choose_side();
  auto entered = decider_.enter_upstream();
  if (!entered) co_return co_await answers_.failure(entered);

  // Chooses an endpoint, sends the request, waits for the response head; tries another endpoint where that is
  // safe.
  auto answered = co_await forward();
  if (!answered) co_return co_await answers_.failure(answered);

  auto acceptable_response = client_->accepts(response());
  if (!acceptable_response) co_return co_await refuse_response(acceptable_response);
  if (response().status == 101) co_return co_await relay_upgrade();
  if (grpc_.web && !response_is_grpc()) co_return co_await answer_not_grpc();
  co_return co_await relay_response();
}

Exchange::Exchange(Worker& worker) : context_(worker), call_(worker.reactor(), worker.buffers()) {}

Exchange::~Exchange() {
  reset();
}

void Exchange::begin(Client& client) {
  context_.begin(client);
}

void Exchange::reset() {
  if (client_ != nullptr && watching_) watch_client(false);
  settle_pending(false);  // a request that never came to its end: a probe must not stay without one
  release_endpoint();
  give_back(tries_.next);
  mirror_.reset();
  call_.reset();
  request_.reset();
  tries_.reset();
  attempt_ = {};
  answer_.reset();
  response_.reset();
  refusal_.reset();
  head_scanned = 0;
  watching_ = false;
  wait_ = nullptr;
  context_.reset();
}

}  // namespace weir::server
