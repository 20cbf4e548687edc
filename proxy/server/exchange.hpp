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
#include "server/exchange_state.hpp"
#include "server/generation.hpp"

namespace weir::server {

class MirrorCopy;
class Session;
class Worker;

/// What may happen to the client's connection afterwards.
enum class After : std::uint8_t {
  keep_alive,
  discard,  // keep alive, once the rest of the request body was read and dropped
  close,    // nothing more is expected
  linger,   // the client may still be sending: close without cutting our answer off
  reset,    // the response was cut: the client must notice
};

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

  http::RequestHead head;  // views into the session's buffer
  std::size_t head_scanned = 0;
  TimePoint started;  // first byte of the request was there

 private:
  Task<After> walk();
  void give_up(const std::exception_ptr& failure);

  // exchange_decide.cpp: what is known before any endpoint is involved.
  void identify();
  void make_request_id();
  Result<void> normalise();
  Result<void> find_route();
  Result<void> admit();
  Result<void> check_body_limit() const;
  void choose_side();
  bool side_is_out(const SplitRuntime& split, std::size_t target) const;
  bool redirects_to_https() const;

  // exchange_limit.cpp: whether the route's rate limits admit the request.
  Result<void> check_limits();
  void note_limited(const LimitRuntime& limit);

  // exchange_answer.cpp: answers that Weir makes itself.
  Task<After> answer(const http::OwnResponse& response, bool connection_is_good);
  Task<After> answer_error(Error error);
  Task<After> answer_failure(const Result<void>& failed);
  Task<After> answer_options();
  Task<After> answer_no_tunnel();
  Task<After> answer_redirect_to_https();
  Task<After> answer_redirect(const config::RedirectAction& action);
  Task<After> answer_respond(const config::RespondAction& action);
  const http::CompiledFields& response_policy() const;
  http::ResponseOptions response_options(const http::Framing& body, bool keep_alive) const;
  bool consume_buffered_body();
  bool rest_of_body_is_short() const;
  Error client_write_failure(io::IoStatus status, bool too_slow = false);

  // exchange_forward.cpp: one endpoint after the other until one answers.
  Task<Result<void>> forward();
  void prepare_request();
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

  // exchange_mirror.cpp: a copy for the route's mirror upstream.
  void count_mirror(route::MirrorOutcome outcome);
  void plan_mirror() noexcept;
  void send_mirror() noexcept;
  void drop_mirror();
  // exchange_balance.cpp: which endpoint.
  Result<void> enter_upstream();
  std::uint64_t key_for(const UpstreamRuntime& upstream) const;
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
  bool can_be_sent_again() const;
  Task<Result<void>> attempt();
  CallTarget target_of_call() const;
  Task<Result<void>> connect();
  bool try_send(io::IoResult& sent);
  Result<void> request_written(const io::IoResult& sent);
  Task<Result<void>> start_upload();
  Task<Result<void>> invite_body();
  Task<> upload();
  void upload_ended(bool well);
  Task<> finish_upload();
  void cancel_upload();
  bool upload_running() const;
  Result<void> head_received(CallEnd end);
  Task<Result<void>> pass_interim_responses();
  Task<Result<void>> pass_interim_response();
  Task<Result<void>> write_meanwhile();
  bool total_is_over() const;
  Error send_failure(io::IoStatus status) const;
  Error read_failure(io::IoStatus status);
  Error slow_upload(bool too_slow);
  void watch_client(bool on);
  void on_client_left(io::IoStatus why) override;

  // exchange_relay.cpp: the response on its way to the client.
  Task<After> relay_response();
  Task<After> refuse_response(const Result<void>& unacceptable);
  bool rest_can_follow() const;
  bool trailers_are_due() const;
  Task<After> end_cut_response(relay::RelayEnd end);
  Task<After> relay_upgrade();
  http::Framing response_framing() const;
  void release_connection(bool reusable);
  void release_endpoint();

  // exchange_grpc.cpp: what is different in a call of gRPC.
  void note_grpc();
  void note_grpc_web();
  Result<void> read_grpc_timeout();
  void limit_to_grpc_timeout();
  Duration patience(Duration bound) const;
  void place_grpc_timeout();
  void write_grpc_timeout();
  void write_grpc_attempts();
  void translate_grpc_web();
  relay::BodySource& request_body();
  io::IoStatus why_upload_ended() const;
  Error with_origin(Error error) const;
  void note_grpc_head();
  void note_grpc_trailers(std::string_view lines);
  bool awaits_grpc_status() const;
  void judge_by_message();
  std::uint16_t failure_of_response() const;
  bool retries_by_grpc_status() const;
  const http::ResponseHead& response_head();
  relay::BodySource& response_body();
  relay::BodySink& response_sink(http::BodyKind kind);
  Task<After> answer_grpc(Error error, std::string_view proxy_status, bool connection_is_good);
  Task<After> answer_grpc_status(grpc::Status status, std::string_view fields, std::string_view proxy_status,
                                 bool connection_is_good);
  bool response_is_grpc() const;
  bool response_is_head_only() const;
  Task<After> answer_not_grpc();
  bool may_end_with_status() const;
  Task<After> end_with_status();
  std::optional<grpc::Status> grpc_status() const;
  std::optional<grpc::Status> grpc_status_of_reset(const Error& error) const;
  grpc::Status grpc_status_of(const Error& error) const;

  // exchange_finish.cpp: always runs last.
  void finish();
  void report_health(const Error* error);
  void settle_pending(bool answered);
  void end_attempt(const Error* error);
  void append_log_line(std::string& out, Duration duration);
  void keep_log_texts();

  const UpstreamView& upstream_view() const { return generation_->upstreams[decided_.upstream]; }
  const config::Upstream& upstream_config() const { return *upstream_view().runtime->config; }
  Session& session() const { return client_->session(); }
  const config::Listener& listener() const;
  const http::ResponseHead& response() const { return call_.response(); }
  bool keep_alive_allowed() const;

  Worker& worker_;
  Client* client_ = nullptr;
  GenerationPtr generation_;
  std::chrono::system_clock::time_point wall_started_;

  Decision decided_;         // once for the request
  GrpcCall grpc_;            // the same, of a call of gRPC
  OutgoingRequest request_;  // what endpoints get of it
  Tries tries_;              // over all attempts
  Attempt attempt_;          // of the one that runs
  EndpointCall call_;        // the same
  OutgoingResponse answer_;  // what the client gets
  Outcome outcome_;          // for the log

  std::unique_ptr<MirrorCopy> mirror_;  // that waits for the end of the request's body
  bool watching_ = false;               // the call is aborted when the client leaves
  Wait* wait_ = nullptr;                // given up when the client leaves
  TimePoint total_deadline_ = TimePoint::max();
  std::optional<Error> refusal_;  // of a head that could not be read
};

}  // namespace weir::server
