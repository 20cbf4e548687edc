// THE walk: what happens to a request, top to bottom. Every step is one call; an early exit is an Error that
// answer_error turns into a response; finish() always runs last.
#include "server/exchange.hpp"

#include <exception>

#include "http/hops.hpp"
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
    note_grpc();
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
  note_grpc_web();
  auto admitted = admit();
  if (!admitted) co_return co_await answer_failure(admitted);
  auto affordable = check_limits();
  if (!affordable) co_return co_await answer_failure(affordable);

  if (http::max_forwards(head) == 0U) co_return co_await answer_options();
  const config::Action& action = decided_.route->config->action;
  if (const auto* redirect = std::get_if<config::RedirectAction>(&action))
    co_return co_await answer_redirect(*redirect);
  if (head.tunnel && !leads_to_websocket(action)) co_return co_await answer_no_tunnel();
  if (const auto* respond = std::get_if<config::RespondAction>(&action))
    co_return co_await answer_respond(*respond);
  decided_.proxy = &std::get<config::ProxyAction>(action);
  decided_.upstream = decided_.proxy->upstream;
  decided_.timeouts = &decided_.route->timeouts;

  auto acceptable = check_body_limit();
  if (!acceptable) co_return co_await answer_failure(acceptable);
  auto timed = read_grpc_timeout();
  if (!timed) co_return co_await answer_failure(timed);

  if (decided_.proxy->split) choose_side();
  auto entered = enter_upstream();
  if (!entered) co_return co_await answer_failure(entered);

  // Chooses an endpoint, sends the request, waits for the response head; tries another endpoint where that is
  // safe.
  auto answered = co_await forward();
  if (!answered) co_return co_await answer_failure(answered);

  auto acceptable_response = client_->accepts(response());
  if (!acceptable_response) co_return co_await refuse_response(acceptable_response);
  if (response().status == 101) co_return co_await relay_upgrade();
  if (grpc_.web && !response_is_grpc()) co_return co_await answer_not_grpc();
  co_return co_await relay_response();
}

Exchange::Exchange(Worker& worker) : worker_(worker), call_(worker.reactor(), worker.buffers()) {}

Exchange::~Exchange() {
  reset();
}

void Exchange::begin(Client& client) {
  const Session& session = client.session();
  client_ = &client;
  generation_ = worker_.generation();
  started = worker_.reactor().now();
  wall_started_ = worker_.reactor().wall_now();
  decided_.forwarded.client_ip = session.peer().ip;
  decided_.forwarded.proto = session.is_tls() ? "https" : "http";
}

const config::Listener& Exchange::listener() const {
  return session().listener().config;
}

void Exchange::reset() {
  if (client_ != nullptr && watching_) watch_client(false);
  settle_pending(false);  // a request that never came to its end: a probe must not stay without one
  release_endpoint();
  give_back(tries_.next);
  mirror_.reset();
  call_.reset();
  decided_.reset();
  grpc_.reset();
  request_.reset();
  tries_.reset();
  attempt_ = {};
  answer_.reset();
  outcome_.reset();
  refusal_.reset();
  head.clear();
  head_scanned = 0;
  watching_ = false;
  wait_ = nullptr;
  total_deadline_ = TimePoint::max();
  client_ = nullptr;
  generation_.reset();
}

}  // namespace weir::server
