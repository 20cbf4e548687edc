// One request and its response: everything that is known of them, and the walk that they take (exchange.cpp):
// route -> balance -> upstream -> relay -> log. Objects are reused by their worker, so that a request
// allocates nothing once the vectors and strings have grown. Worker thread.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/task.hpp"
#include "http/parse.hpp"
#include "http/write.hpp"
#include "route/mirror.hpp"
#include "server/client.hpp"
#include "server/endpoint_call.hpp"
#include "server/exchange_answer.hpp"
#include "server/exchange_context.hpp"
#include "server/exchange_decide.hpp"
#include "server/exchange_grpc.hpp"
#include "server/exchange_mirror.hpp"
#include "server/exchange_request.hpp"
#include "server/exchange_response.hpp"
#include "server/exchange_state.hpp"

namespace weir::server {

class Session;
class Worker;

class Exchange final : private ClientObserver {
 public:
  explicit Exchange(Worker& worker);
  ~Exchange();

  /// Ready for the request of `client`: pins the worker's generation.
  void begin(Client& client);
  /// The head could not be read: run() answers `error` and the connection ends.
  void set_refusal(Error error) { refusal_ = std::move(error); }
  /// The whole walk of a request whose head was read, or refused.
  Task<After> run();
  /// Back to a state in which the next request finds nothing of this one but capacity.
  void reset();

  /// When its first byte was there.
  TimePoint started() const { return context_.started; }

 private:
  ExchangeContext context_;

 public:
  http::RequestHead& head = context_.head;  // views into the session's buffer
  std::size_t head_scanned = 0;

 private:
  Task<After> walk();
  void give_up(const std::exception_ptr& failure);

  // exchange_forward.cpp: one endpoint after the other until one answers.
  Task<Result<void>> forward();
  upstream::TryOutcome outcome_of(const Error* error) const;
  std::uint16_t failure_of_attempt(const Error* error);
  upstream::RetryDecision next_try(const upstream::TryOutcome& outcome);
  upstream::RetryDecision refuse_retry(std::string_view why, std::uint64_t& counter);
  void prepare_next_attempt(upstream::RetryDecision decision);
  bool replays_body() const;
  bool another_endpoint(const upstream::TryOutcome& outcome) const;
  bool withdraw_retry();
  bool drain_response();
  void count_try(bool succeeded);

  // exchange_balance.cpp: which endpoint.
  std::size_t last_choice() const;
  balance::Pick pick_one();
  Place pick_endpoint();
  bool reserve_next();
  void give_back(balance::Pick& pick);
  std::uint32_t queue_places() const;
  bool must_wait() const;
  Reach reach() const { return {upstream_view().runtime, tries_.tried}; }
  Task<Result<void>> wait_for_endpoint(Place found);
  Result<void> end_of_wait(WaitEnd end);
  Error no_endpoint() const;
  void note_pick();
  void note_latency(const Error* error);

  // exchange_attempt.cpp: one endpoint.
  Task<Result<void>> attempt();
  CallTarget target_of_call() const;
  Task<Result<void>> connect();
  bool try_send(io::IoResult& sent);
  Result<void> request_written(const io::IoResult& sent);
  Task<Result<void>> start_upload();
  Task<> upload();
  void upload_ended(bool well);
  Task<> finish_upload();
  void cancel_upload();
  bool upload_running() const;
  Result<void> head_received(CallEnd end);
  Task<Result<void>> pass_interim_responses();
  Error send_failure(io::IoStatus status) const;
  Error read_failure(io::IoStatus status);
  Error slow_upload(bool too_slow);
  void watch_client(bool on);
  void on_client_left(io::IoStatus why) override;

  // exchange_relay.cpp: the response on its way to the client.
  Task<After> relay_response();
  Task<After> refuse_response(const Result<void>& unacceptable);
  bool rest_can_follow() const;
  Task<After> end_cut_response(relay::RelayEnd end);
  Task<After> relay_upgrade();
  http::Framing response_framing() const;
  void release_connection(bool reusable);
  void release_endpoint();

  // exchange_grpc.cpp: what is different in a call of gRPC.
  void note_grpc_head();
  void note_grpc_trailers(std::string_view lines);
  std::uint16_t failure_of_response() const;
  health::Cause cause_of_response() const;
  const http::ResponseHead& response_head();
  relay::BodySource& response_body();
  relay::BodySink& response_sink(http::BodyKind kind);
  bool response_is_grpc() const;
  Task<After> answer_not_grpc();
  bool may_end_with_status() const;
  Task<After> end_with_status();

  // exchange_finish.cpp: always runs last.
  void finish();
  void report_health(const Error* error);
  void settle_pending(bool answered);
  void end_attempt(const Error* error);
  void append_log_line(std::string& out, Duration duration);
  void keep_log_texts();

  const UpstreamView& upstream_view() const { return context_.view(); }
  const config::Upstream& upstream_config() const { return *upstream_view().runtime->config; }
  Session& session() const { return context_.session(); }
  const config::Listener& listener() const { return context_.listener(); }
  const http::ResponseHead& response() const { return call_.response(); }

  Worker& worker_ = context_.worker;
  Client*& client_ = context_.client;
  GenerationPtr& generation_ = context_.generation;
  const std::chrono::system_clock::time_point& wall_started_ = context_.wall_started;
  Decision& decided_ = context_.decided;
  GrpcCall& grpc_ = context_.grpc;
  Outcome& outcome_ = context_.outcome;
  TimePoint& total_deadline_ = context_.deadline;

  Decider decider_{context_};
  OutgoingRequest request_;  // what endpoints get of it
  ClientResponse response_{context_};
  GrpcSteps grpc_steps_{context_, request_};
  OwnAnswers answers_{context_, response_};
  Mirroring mirror_{context_, request_};
  Tries tries_;              // over all attempts
  Attempt attempt_;          // of the one that runs
  EndpointCall call_;        // the same
  OutgoingResponse answer_;  // what the client gets

  bool watching_ = false;         // the call is aborted when the client leaves
  Wait* wait_ = nullptr;          // given up when the client leaves
  std::optional<Error> refusal_;  // of a head that could not be read
};

}  // namespace weir::server
