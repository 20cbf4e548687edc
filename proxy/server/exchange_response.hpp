// The client's side of an exchange: how the heads of responses are written for it, and what it gets before the final
// one. Knows nothing of endpoints. Worker thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/task.hpp"
#include "http/outgoing.hpp"
#include "server/exchange_context.hpp"

namespace weir::server {

/// What may happen to the client's connection after a response.
enum class After : std::uint8_t {
  keep_alive,
  discard,  // keep alive, once the rest of the request body was read and dropped
  close,    // nothing more is expected
  linger,   // the client may still be sending: close without cutting our answer off
  reset,    // the response was cut: the client must notice
};

class ClientResponse {
 public:
  explicit ClientResponse(ExchangeContext& context) : context_(context) {}
  void reset();

  bool keep_alive_allowed() const;
  /// Whether what is left of the request body is dropped sooner than a new connection is made.
  bool rest_of_body_is_short() const;
  /// What the route, or the server, does to the fields of a response.
  const http::CompiledFields& policy() const;
  http::ResponseOptions options(const http::Framing& body, bool keep_alive) const;

  /// The bytes of a head, until the next is written.
  void write_head(const http::ResponseHead& head, const http::ResponseOptions& options);
  void write_own_head(const http::OwnResponse& response, const http::ResponseOptions& options);
  std::string_view head() const { return bytes_; }
  /// It was sent: head() is empty then.
  void free_head() noexcept { std::string().swap(bytes_); }

  /// `Expect: 100-continue`: now the body is wanted (RFC 9110 10.1.1). Once for all tries.
  Task<Result<void>> invite_body();
  /// A head of 1xx from the endpoint, for a client that may get one.
  Task<Result<void>> pass_interim(const http::ResponseHead& head);
  /// Sends head() while the request is under way. What is cut cannot be followed by an answer.
  Task<Result<void>> send_meanwhile();
  /// The client has a part of what an endpoint answered.
  bool interim_passed() const { return interim_passed_; }

  /// Why a write to the client failed; counts what a bound of ours ended.
  Error write_failure(io::IoStatus status, bool too_slow);

 private:
  ExchangeContext& context_;
  std::string bytes_;  // head
  bool body_invited_ = false;
  bool interim_passed_ = false;
};

}  // namespace weir::server
