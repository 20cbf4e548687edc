// THE walk: what happens to a request, top to bottom. Every step is one call; an early exit is an Error that
// OwnAnswers::error turns into a response; finish() always runs last.
#include "server/exchange.hpp"

#include <exception>
#include <utility>

#include "http/hops.hpp"
#include "io/spawn.hpp"
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
    Upload& upload = attempt_.upload();
    if (upload.running()) {
      upload.cancel();
      io::Signal& ended = upload.ended();
      co_await ended;  // in this frame: there may be no memory for another
    }
  }
  finish();
  co_return after;
}

void Exchange::give_up(const std::exception_ptr& failure) {
  context_.outcome.reason = facts(ErrorKind::internal).name;
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
  const config::Action& action = context_.decided.route->config->action;
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

  if (context_.decided.route->pause->closed()) {
    auto let_go = co_await pause_.wait();
    if (!let_go) co_return co_await answers_.failure(let_go);
  }
  if (context_.decided.proxy->split) decider_.choose_side();
  auto entered = decider_.enter_upstream();
  if (!entered) co_return co_await answers_.failure(entered);

  // Chooses an endpoint, sends the request, waits for the response head; tries another endpoint where that is
  // safe.
  auto answered = co_await tries_.forward();
  if (!answered) co_return co_await answers_.failure(answered);

  auto acceptable_response = context_.client->accepts(attempt_.response());
  if (!acceptable_response) co_return co_await relay_.refuse(acceptable_response);
  if (attempt_.response().status == 101) co_return co_await relay_.upgrade();
  if (context_.grpc.web && !attempt_.report().response_is_grpc()) co_return co_await relay_.answer_not_grpc();
  co_return co_await relay_.pass_on();
}

void Exchange::free_texts() noexcept {
  if (attempt_.upload().running()) return;  // it may be sending them
  std::string().swap(request_.bytes);
  response_.free_head();
}

Exchange::Exchange(Worker& worker) : context_(worker) {}

Exchange::~Exchange() {
  reset();
}

void Exchange::begin(Client& client) {
  context_.begin(client);
}

/// From the end to the begin: what is later refers to what is earlier.
void Exchange::reset() {
  relay_.reset();
  tries_.reset();
  attempt_.reset();
  choice_.reset();
  mirror_.reset();
  response_.reset();
  request_.reset();
  refusal_.reset();
  head_scanned = 0;
  context_.reset();
}

}  // namespace weir::server
