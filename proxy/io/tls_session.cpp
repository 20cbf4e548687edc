#include "io/tls_session.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace weir::io {
namespace {

TlsSession& session_of(BIO* bio);

}  // namespace

const BIO_METHOD* TlsSession::bio_method() {
  static const auto method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir socket");
    BIO_meth_set_write(made, &TlsSession::bio_write);
    BIO_meth_set_read(made, &TlsSession::bio_read);
    BIO_meth_set_ctrl(made, &TlsSession::bio_control);
    return made;
  }();
  return method;
}

TlsSession::TlsSession(Channel& channel, tls::SslPtr ssl, bool server) : channel_(channel), ssl_(std::move(ssl)) {
  BIO* bio = BIO_new(bio_method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

namespace {

TlsSession& session_of(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

}  // namespace

int TlsSession::bio_write(BIO* bio, const char* data, int bytes) {
  session_of(bio).out_.append(data, static_cast<std::size_t>(bytes));
  return bytes;
}

int TlsSession::bio_read(BIO* bio, char* to, int bytes) {
  TlsSession& self = session_of(bio);
  BIO_clear_retry_flags(bio);
  while (self.channel_.readable()) {
    const ssize_t received = ::recv(self.channel_.fd(), to, static_cast<std::size_t>(bytes), 0);
    if (received > 0) {
      if (received < bytes) self.channel_.drained();
      return static_cast<int>(received);
    }
    if (received == 0) {
      self.socket_status_ = IoStatus::eof;
      return 0;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      self.socket_status_ = IoStatus::reset;
      return -1;
    }
    self.channel_.drained();
    break;
  }
  BIO_set_retry_read(bio);
  return -1;
}

long TlsSession::bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

bool TlsSession::flush(IoResult& result) {
  while (out_sent_ < out_.size()) {
    if (!channel_.writable()) return false;
    const ssize_t sent = ::send(channel_.fd(), out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL);
    if (sent >= 0) {
      out_sent_ += static_cast<std::size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      result.status = IoStatus::reset;
      return true;
    }
    channel_.filled();
    return false;
  }
  out_ = {};
  out_sent_ = 0;
  result.status = IoStatus::ok;
  return true;
}

bool TlsSession::failed(int code, IoResult& result) {
  const int error = SSL_get_error(ssl_.get(), code);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
  if (error == SSL_ERROR_ZERO_RETURN) {
    result = {0, IoStatus::eof};
  } else if (socket_status_ != IoStatus::ok) {
    // The TCP connection ended without close_notify: never taken for a clean end.
    result = {0, IoStatus::reset};
    failure_text_ = socket_status_ == IoStatus::eof ? "connection closed without close_notify" : "connection reset";
  } else {
    const bool untrusted = SSL_get_verify_result(ssl_.get()) != X509_V_OK &&
                           (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0 && !handshake_done();
    result = {0, untrusted ? IoStatus::tls_certificate : IoStatus::tls_failed};
    failure_text_ = tls::openssl_error_text();
  }
  ERR_clear_error();
  return true;
}

bool TlsSession::handshake(IoResult& result) {
  ERR_clear_error();
  const int code = SSL_do_handshake(ssl_.get());
  const bool ended = code == 1 || failed(code, result);
  IoResult flushed;
  const bool sent = flush(flushed);
  if (!ended) return sent && !flushed.ok() ? (result = flushed, true) : false;
  if (code != 1) return true;
  if (!sent) return false;  // the last flight is still ours to send; SSL_do_handshake stays 1
  result = flushed;
  return true;
}

bool TlsSession::read(char* to, std::size_t bytes, IoResult& result) {
  ERR_clear_error();
  std::size_t got = 0;
  const int code = SSL_read_ex(ssl_.get(), to, bytes, &got);
  if (code == 1) {
    // Fill what fits: one system call may have brought many records.
    std::size_t more = 0;
    while (got < bytes && SSL_has_pending(ssl_.get()) == 1 &&
           SSL_read_ex(ssl_.get(), to + got, bytes - got, &more) == 1) {
      got += more;
    }
    result = {got, IoStatus::ok};
    return true;
  }
  const bool ended = failed(code, result);
  // Reading may have to answer (key update, alert).
  IoResult flushed;
  if (out_sent_ < out_.size()) (void)flush(flushed);
  return ended;
}

bool TlsSession::write(std::span<iovec>& parts, IoResult& result) {
  for (;;) {
    const std::size_t unsent = out_.size() - out_sent_;
    if (!flush(result)) {
      result.bytes += unsent - (out_.size() - out_sent_);  // progress, in encrypted bytes
      return false;
    }
    result.bytes += unsent;
    if (result.status != IoStatus::ok || parts.empty()) return true;
    ERR_clear_error();
    while (!parts.empty() && out_.size() < batch_bytes_max) {
      iovec& part = parts.front();
      if (part.iov_len == 0) {
        parts = parts.subspan(1);
        continue;
      }
      std::size_t written = 0;
      const int code = SSL_write_ex(ssl_.get(), part.iov_base, part.iov_len, &written);
      if (code != 1) {
        if (!failed(code, result)) result = {0, IoStatus::tls_failed};
        return true;
      }
      part.iov_base = static_cast<char*>(part.iov_base) + written;
      part.iov_len -= written;
    }
  }
}

void TlsSession::close_notify() {
  ERR_clear_error();
  (void)SSL_shutdown(ssl_.get());
  ERR_clear_error();
  IoResult ignored;
  (void)flush(ignored);
}

}  // namespace weir::io
