// What comes before the first request of a connection: PROXY header, TLS handshake, and which version of HTTP it is.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "http2/frame.hpp"
#include "listen/proxy_protocol.hpp"
#include "observe/log.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"
#include "tls/session_facts.hpp"

namespace weir::server {

/// The results are named: without that GCC 12 gives this frame eight bytes too many before its resume pointer, and
/// nothing of it ever runs (decisions/042-coroutine-rule.md).
Task<Session::Opening> Session::open() {
  if (listener_->config.proxy_protocol) {
    const bool read = co_await read_proxy_header();
    if (!read) co_return Opening::over;
  }
  if (!admit_client()) co_return Opening::over;
  if (is_tls()) {
    const bool accepted = co_await accept_tls();
    if (!accepted) co_return Opening::over;
    co_return tls::negotiated_protocol(stream_.tls()->ssl()) == "h2" ? Opening::http2 : Opening::http1;
  }
  if (!listener_->config.protocols.h2c) co_return Opening::http1;
  if (!listener_->config.protocols.http1) co_return Opening::http2;
  co_return co_await await_preface();
}

/// What a client without TLS begins: HTTP/2 with prior knowledge (RFC 9113 3.3) where its first bytes are the preface.
/// Part of it is left to HTTP/1, should no more come: it may be the beginning of a POST.
Task<Session::Opening> Session::await_preface() {
  TimePoint deadline = TimePoint::max();  // from the first byte on
  for (;;) {
    io::IoResult received;
    if (!in_.empty()) {
      const std::string_view begun = in_.unread().substr(0, http2::client_preface.size());
      if (begun != http2::client_preface.substr(0, begun.size())) co_return Opening::http1;
      if (begun.size() == http2::client_preface.size()) co_return Opening::http2;
      if (deadline == TimePoint::max()) {
        deadline = worker_.reactor().now() + listener_->config.limits.header_timeout;
      }
      received = co_await stream_.read_some(in_.free_begin(), in_.free_bytes(), deadline);
      if (!received.ok()) co_return Opening::http1;
    } else if (!read_ready(received)) {
      set_idle(true);
      received = co_await stream_.readable(request_due(first_patience()));
      set_idle(false);
      if (received.status == io::IoStatus::timeout) is_old();  // counts it
    }
    if (!received.ok()) co_return Opening::over;
    in_.produced(received.bytes);
  }
}

bool Session::peer_is_trusted() const {
  const auto& trusted = worker_.generation()->snapshot->config->trusted_proxies;
  return std::any_of(trusted.begin(), trusted.end(),
                     [this](const Cidr& cidr) { return cidr.contains(peer_.ip); });
}

Task<bool> Session::read_proxy_header() {
  if (!peer_is_trusted()) {
    worker_.log(Noise::proxy_header, config::LogLevel::warn,
                "{}: closed {}: PROXY protocol is required and it is no trusted proxy",
                listener_->config.name, peer_.to_string());
    co_return false;
  }
  opening_until_ = worker_.reactor().now() + listener_->config.limits.header_timeout;
  in_.reserve(BufferPool::small_bytes);
  for (;;) {
    const io::IoResult received =
        co_await stream_.read_some(in_.free_begin(), in_.free_bytes(), opening_deadline());
    if (!received.ok()) co_return false;
    in_.produced(received.bytes);
    const auto header = listen::parse_proxy_header(in_.unread());
    if (!header) {
      worker_.log(Noise::proxy_header, config::LogLevel::warn, "{}: closed {}: {}", listener_->config.name,
                  peer_.to_string(), header.error().detail);
      co_return false;
    }
    if (header->bytes == 0) continue;
    if (header->has_address) {
      peer_ = header->source;
      local_port_ = std::to_string(header->destination.port);
    }
    in_.consume(header->bytes);
    in_.compact();
    opening_until_ = TimePoint::max();
    co_return true;
  }
}

/// Counts this connection as its client's; false when the client has as many as it may have.
bool Session::admit_client() {
  const std::uint32_t most = listener_->config.limits.connections_per_client;
  if (most == 0 || client_place_.take(*listener_->clients, peer_.ip, most)) return true;
  ++counters_.refused_clients;
  if (!is_tls()) worker_.refuse_client(stream_.channel(), listener_);
  return false;
}

Task<bool> Session::accept_tls() {
  // What a PROXY header brought along belongs to the handshake; OpenSSL reads from the socket only.
  tls::SslPtr ssl = listener_->tls->new_session();
  if (!ssl) co_return false;  // out of memory
  stream_.start_tls(std::move(ssl), true);
  if (!in_.empty()) stream_.tls()->feed(in_.unread());
  in_.drop();
  opening_until_ = worker_.reactor().now() + handshake_timeout;
  const io::IoResult done = co_await stream_.handshake(opening_deadline());
  opening_until_ = TimePoint::max();
  const std::string_view result = done.ok()                              ? "ok"
                                  : done.status == io::IoStatus::timeout ? "timeout"
                                                                         : "failed";
  const std::string_view version = done.ok() ? tls::peer(stream_.tls()->ssl()).version : "none";
  ++counters_.handshakes[std::string(result) + "|" + std::string(version)];
  if (!done.ok() && observe::log_enabled(config::LogLevel::debug)) {
    worker_.log(Noise::handshake, config::LogLevel::debug, "{}: TLS handshake with {} {}: {}",
                listener_->config.name, peer_.to_string(), result, stream_.tls()->failure_text());
  }
  if (done.ok() && listener_->config.tls->client_auth != config::ClientAuth::none) note_client_certificate();
  co_return done.ok();
}

void Session::note_client_certificate() {
  const SSL* ssl = stream_.tls()->ssl();
  ClientCertificate certificate{tls::client_subject(ssl), tls::client_fingerprint(ssl), {}};
  if (certificate.fingerprint.empty()) return;
  certificate.field = tls::forwarded_client_cert(certificate.fingerprint, certificate.subject);
  client_certificate_ = std::make_unique<const ClientCertificate>(std::move(certificate));
}

/// How long the PROXY header or the TLS handshake may take that comes before the first request.
TimePoint Session::opening_deadline() const {
  if (!worker_.draining()) return opening_until_;
  return std::min<TimePoint>(opening_until_, worker_.draining_since() + first_request_wait);
}

}  // namespace weir::server
