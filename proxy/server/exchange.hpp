// One request and its response: the walk that they take (exchange.cpp), and the parts that do its steps, in the order
// in which they are used: route -> balance -> upstream -> relay -> log. A part sees the context and the parts before
// it. Objects are reused by their worker, so that a request allocates nothing once the vectors and strings have grown.
// Worker thread.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/task.hpp"
#include "http/head.hpp"
#include "server/client.hpp"
#include "server/exchange_answer.hpp"
#include "server/exchange_attempt.hpp"
#include "server/exchange_balance.hpp"
#include "server/exchange_context.hpp"
#include "server/exchange_decide.hpp"
#include "server/exchange_forward.hpp"
#include "server/exchange_grpc.hpp"
#include "server/exchange_mirror.hpp"
#include "server/exchange_pause.hpp"
#include "server/exchange_relay.hpp"
#include "server/exchange_response.hpp"
#include "server/exchange_state.hpp"

namespace weir::server {

class Worker;

class Exchange final {
 private:
  ExchangeContext context_;

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
  /// It came so long before begin().
  void note_waited(Duration waited) { context_.started -= waited; }
  /// The response is on its way, and its client does not take it: gives back what is not needed for the rest.
  void free_texts() noexcept;
  /// When the first byte of the request was there.
  TimePoint started() const { return context_.started; }

  http::RequestHead& head = context_.head;  // views into the session's buffer
  std::size_t head_scanned = 0;

 private:
  Task<After> walk();
  void give_up(const std::exception_ptr& failure);
  void finish();
  void append_log_line(std::string& out, Duration duration);

  std::optional<Error> refusal_;  // of a head that could not be read
  OutgoingRequest request_;       // what endpoints get of it

  Decider decider_{context_};
  GrpcSteps grpc_steps_{context_, request_};
  ClientResponse response_{context_};
  OwnAnswers answers_{context_, response_};
  PauseStep pause_{context_, decider_};
  Mirroring mirror_{context_, request_};
  EndpointChoice choice_{context_, request_};
  Attempt attempt_{context_, request_, grpc_steps_, response_, mirror_, choice_};
  Tries tries_{context_, request_, decider_, grpc_steps_, response_, mirror_, choice_, attempt_};
  ResponseRelay relay_{context_, request_, grpc_steps_, response_, answers_, attempt_};
};

}  // namespace weir::server
