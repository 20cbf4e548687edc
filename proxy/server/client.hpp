// What the walk of a request needs of its client, whatever protocol that speaks: the body of the request, a sink for
// responses and how their heads are written, and word when the client leaves. One request each. Worker thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/outgoing.hpp"
#include "relay/body.hpp"
#include "relay/tunnel.hpp"
#include "server/response_room.hpp"

namespace weir::server {

class Session;

class ClientObserver {
 public:
  /// The client cannot get an answer any more: peer_gone or reset, or shutdown where the worker ends it.
  virtual void on_client_left(io::IoStatus why) = 0;

 protected:
  ~ClientObserver() = default;
};

class Client : public ResponseTaker {
 public:
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Its connection.
  Session& session() const { return *session_; }

  /// The body of the request.
  virtual relay::BodySource& body() = 0;
  /// How many bytes the body still has, where all of them were read already.
  virtual std::optional<std::uint64_t> buffered_rest() const = 0;
  /// Whether what is left of the body costs less than a new connection: a response may keep the connection then.
  virtual bool rest_is_short() const = 0;
  /// Ends a wait for the body with IoStatus::cancelled.
  virtual void cancel_read() = 0;

  /// Where responses go, with a body that is framed as `kind`. The one before is gone.
  virtual relay::BodySink& sink(http::BodyKind kind) = 0;
  /// http1::write_response_head and http1::write_own_head, as this client reads heads.
  virtual void write_head(std::string& out, const http::ResponseHead& head,
                          const http::ResponseOptions& options, std::string_view date) = 0;
  virtual void write_own_head(std::string& out, const http::OwnResponse& response,
                              const http::ResponseOptions& options, std::string_view date) = 0;
  /// Whether a final head, or one that switches protocols, is one that this client can be given.
  virtual Result<void> accepts(const http::ResponseHead& head) const = 0;
  /// After a response that switches protocols: bytes both ways.
  virtual relay::TunnelSide tunnel() = 0;
  /// Whether its connection may take another request after this one, as far as a head says so.
  virtual bool may_go_on() const = 0;

  /// Reports to `observer` when the client leaves; nullptr: not any more. Not what has_left() says already.
  virtual void watch(ClientObserver* observer) = 0;
  /// IoStatus::ok while it is there.
  virtual io::IoStatus has_left() const = 0;

 protected:
  Client() = default;
  ~Client() = default;
  void set_session(Session* session) { session_ = session; }

 private:
  Session* session_ = nullptr;
};

}  // namespace weir::server
