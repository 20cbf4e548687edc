// One client connection: PROXY header, TLS handshake, then HTTP/2, or the requests of HTTP/1 one after the other. It
// holds no buffer while it waits for a request. Worker thread.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>

#include "core/buffer.hpp"
#include "core/ip.hpp"
#include "core/task.hpp"
#include "http/head.hpp"
#include "http1/body.hpp"
#include "io/stream.hpp"
#include "observe/worker_metrics.hpp"
#include "relay/pace.hpp"
#include "server/discard.hpp"
#include "server/snapshot.hpp"

namespace weir::server {

class Exchange;
class Http2Connection;
class Worker;

/// The verified certificate of a client.
struct ClientCertificate {
  std::string subject, fingerprint;
  std::string field;  // X-Forwarded-Client-Cert
};

class Session : public boost::intrusive::list_base_hook<> {
 public:
  static constexpr Milliseconds handshake_timeout{10'000};  // TLS
  static constexpr Milliseconds first_request_wait{2'000};  // of a new connection, while the worker drains
  static constexpr std::size_t body_room_min = 4 * 1024;    // of the read block, behind the head
  static constexpr unsigned requests_per_turn = 16;         // that follow each other without a wait

  Session(Worker& worker, std::shared_ptr<const ListenerRuntime> listener, io::FileDescriptor fd,
          const SocketAddress& peer);
  ~Session();

  /// Takes over an accepted connection and serves it to its end; then the worker is told, whatever happened.
  static void serve(Worker& worker, std::shared_ptr<const ListenerRuntime> listener, io::FileDescriptor fd,
                    const SocketAddress& peer);

  Worker& worker() { return worker_; }
  const ListenerRuntime& listener() const { return *listener_; }
  io::Stream& stream() { return stream_; }
  ReadBuffer& in() { return in_; }
  const SocketAddress& peer() const { return peer_; }  // after a PROXY header
  const std::string& local_port() const { return local_port_; }
  /// Null where the client showed none.
  const ClientCertificate* client_certificate() const { return client_certificate_.get(); }
  bool is_tls() const { return listener_->tls != nullptr; }
  std::uint32_t requests() const { return requests_; }
  observe::ListenerCounters& counters() { return counters_; }
  /// Whether another request may follow: not in a drain, past limits.requests_per_connection or connection_max_age, or
  /// when the listener is gone from the configuration.
  bool may_go_on();
  /// When limits.connection_max_age is over (core/connection_age.hpp); TimePoint::max() where there is none.
  TimePoint ages_at() const { return ages_at_; }
  /// Whether that is so. Counts the connection the first time.
  bool is_old();
  /// What limits.response_min_rate asks of this client, over all of its responses.
  relay::TakenPace& pace() { return pace_; }

  /// The worker drains: ends the connection if it is between two requests; before the first one it has
  /// first_request_wait.
  void drain();
  /// Between two requests (or before the first one) for at least Worker::idle_grace, and still silent: ends it. False
  /// when it is not.
  bool give_up_idle(TimePoint now);

  boost::intrusive::list_member_hook<> idle_hook;  // in the worker's list, while it is idle

 private:
  friend class Http2Connection;
  /// What to do with the connection after a request.
  enum class Next : std::uint8_t {
    request,
    close,
    linger,  // the client may still be sending
    cut,     // the last response is not whole: no clean end, of TLS neither
  };

  static Task<> live(Worker& worker, std::shared_ptr<const ListenerRuntime> listener, io::FileDescriptor fd,
                     SocketAddress peer);
  enum class Opening : std::uint8_t { http1, http2, over };
  // An idle connection keeps what the compiler puts into the frame of live(): so these stay out of it.
  [[gnu::noinline]] Task<Opening> open();
  [[gnu::noinline]] Task<Opening> await_preface();
  Task<Next> serve_requests(Opening opened);
  Task<Next> serve_http1();
  [[gnu::noinline]] Task<Next> serve_http2();
  Duration first_patience() const;
  Task<bool> read_proxy_header();
  TimePoint opening_deadline() const;
  bool read_ready(io::IoResult& received);
  bool admit_client();
  Task<bool> accept_tls();
  void note_client_certificate();
  bool take_head(Exchange& exchange);
  Task<bool> read_rest_of_head(Exchange& exchange);
  [[gnu::noinline]] Task<Next> serve_request();
  Discard discard_here();
  [[gnu::noinline]] Task<Next> discard_body(http1::BodyDecoder& body);
  [[gnu::noinline]] Task<> linger();
  void set_idle(bool idle);
  bool is_silent();
  Duration idle_wait() const;
  TimePoint request_due(Duration patience) const;
  bool peer_is_trusted() const;
  bool has_room_for_body(const http::RequestHead& head) const;

  Worker& worker_;
  std::shared_ptr<const ListenerRuntime> listener_;
  io::Stream stream_;
  relay::TakenPace pace_;
  ReadBuffer in_;
  listen::ClientPlace client_place_;  // given back before the stream closes: who sees that may connect again
  SocketAddress peer_;
  std::string local_port_;
  std::unique_ptr<const ClientCertificate> client_certificate_;
  observe::ListenerCounters& counters_;  // of the listener, in this worker
  std::uint32_t requests_ = 0;
  bool idle_ = false;
  bool old_ = false;                  // past its age, and counted as that
  Http2Connection* http2_ = nullptr;  // while it serves
  const TimePoint ages_at_;
  TimePoint idle_since_;
  TimePoint opening_until_ = TimePoint::max();  // of a PROXY header or TLS handshake that is awaited
};

/// Those that are idle, without a place of their own.
using IdleSessions = boost::intrusive::list<
    Session,
    boost::intrusive::member_hook<Session, boost::intrusive::list_member_hook<>, &Session::idle_hook>>;

}  // namespace weir::server
