#include "io/tls_session.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <new>
#include <string_view>

#include "io/system_calls.hpp"
#include "tls/handles.hpp"

namespace weir::io {
namespace {

std::atomic<std::uint64_t> floods{0};

TlsSession& session_of(BIO* bio) {
  return *static_cast<TlsSession*>(BIO_get_data(bio));
}

// Shared by the sessions of one thread, because each uses them only within one call: what OpenSSL wrote and
// no write has tried to send yet, and small parts put together for one record. Their capacity is what makes
// them worth it.
thread_local std::string fresh_records;
thread_local std::string gathered;

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

/// One for all sessions of a thread, which saves each 200 bytes: it holds nothing but whose call is running.
BIO* TlsSession::thread_bio() {
  thread_local const tls::BioPtr bio = [] {
    tls::BioPtr made(BIO_new(bio_method()));
    BIO_set_init(made.get(), 1);
    return made;
  }();
  return bio.get();
}

void TlsSession::begin_call() {
  ERR_clear_error();
  BIO_set_data(SSL_get_rbio(ssl_.get()), this);
  reads_in_call_ = 0;
}

TlsSession::TlsSession(Channel& channel, tls::SslPtr ssl, bool server)
    : channel_(channel), ssl_(std::move(ssl)) {
  BIO* bio = thread_bio();
  BIO_up_ref(bio);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

int TlsSession::bio_write(BIO*, const char* data, int bytes) {
  try {
    fresh_records.append(data, static_cast<std::size_t>(bytes));
  } catch (const std::bad_alloc&) {  // not through OpenSSL's frames
    return -1;
  }
  return bytes;
}

int TlsSession::bio_read(BIO* bio, char* to, int bytes) {
  TlsSession& self = session_of(bio);
  BIO_clear_retry_flags(bio);
  if (self.early_) {
    const std::size_t taken = self.early_->copy(to, static_cast<std::size_t>(bytes));
    self.early_->erase(0, taken);
    if (self.early_->empty()) self.early_.reset();
    return static_cast<int>(taken);
  }
  if (++self.reads_in_call_ > reads_per_call_max)
    return -1;  // no call may hold the loop for as long as a peer likes
  while (self.channel_.readable()) {
    const ssize_t received = receive(self.channel_.fd(), to, static_cast<std::size_t>(bytes));
    if (received > 0) {
      if (received < bytes) self.channel_.drained();
      return static_cast<int>(received);
    }
    if (received == 0) return 0;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    self.channel_.drained();
    break;
  }
  BIO_set_retry_read(bio);
  return -1;
}

std::uint64_t TlsSession::floods_ended() {
  return floods.load(std::memory_order_relaxed);
}

long TlsSession::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

bool TlsSession::send(std::string_view bytes, std::size_t& sent, IoResult& result) {
  result.status = IoStatus::ok;
  while (sent < bytes.size()) {
    if (!channel_.writable()) return false;
    const ssize_t taken = transmit(channel_.fd(), bytes.data() + sent, bytes.size() - sent);
    if (taken >= 0) {
      sent += static_cast<std::size_t>(taken);
      sent_bytes_ += static_cast<std::size_t>(taken);
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
  return true;
}

bool TlsSession::flush(IoResult& result) {
  if (unsent_) {
    unsent_->records += fresh_records;
    fresh_records.clear();
    const std::size_t before = unsent_->sent;
    const bool ended = send(unsent_->records, unsent_->sent, result);
    result.bytes += unsent_->sent - before;
    if (!ended || !result.ok()) return ended;
    unsent_.reset();  // a cleared string would keep its memory
    return true;
  }
  std::size_t sent = 0;
  const bool ended = send(fresh_records, sent, result);
  result.bytes += sent;
  if (!ended) unsent_ = std::make_unique<Unsent>(Unsent{fresh_records.substr(sent)});
  fresh_records.clear();
  return ended;
}

bool TlsSession::failed(int code, IoResult& result) {
  tls::Condition condition = tls::classify(ssl_.get(), code);
  switch (condition.outcome) {
    case tls::Outcome::done:
    case tls::Outcome::want_read:
    case tls::Outcome::want_write:
      return false;
    case tls::Outcome::closed:
      result = {0, IoStatus::eof};
      break;
    case tls::Outcome::eof:
      result = {0, IoStatus::reset};  // without close_notify: never taken for a clean end
      break;
    case tls::Outcome::certificate:
      result = {0, IoStatus::tls_certificate};
      break;
    case tls::Outcome::protocol:
      result = {0, IoStatus::tls_failed};
      break;
  }
  if (reads_in_call_ > reads_per_call_max) floods.fetch_add(1, std::memory_order_relaxed);
  broken_ = condition.outcome != tls::Outcome::closed;
  failure_text_ = std::move(condition.text);
  return true;
}

bool TlsSession::handshake(IoResult& result) {
  begin_call();
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
  begin_call();
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
  // Reading may have had to answer (key update, alert).
  IoResult flushed;
  (void)flush(flushed);
  return ended;
}

/// One record from the front of `parts`; small parts (a head and its body) share one.
bool TlsSession::encrypt_next(std::span<iovec>& parts, IoResult& result) {
  std::string_view bytes{static_cast<const char*>(parts.front().iov_base), parts.front().iov_len};
  if (parts.size() > 1 && bytes.size() < record_bytes_max) {
    gathered.clear();
    for (const iovec& part : parts) {
      gathered.append(static_cast<const char*>(part.iov_base),
                      std::min(part.iov_len, record_bytes_max - gathered.size()));
      if (gathered.size() == record_bytes_max) break;
    }
    bytes = gathered;
  }
  std::size_t written = 0;
  begin_call();
  const int code = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  if (code != 1) {
    // The record buffer takes everything, so this is never "try again".
    if (!failed(code, result)) result.status = IoStatus::tls_failed;
    fresh_records.clear();  // shared by the thread's sessions: no other may send them
    return false;
  }
  while (written > 0) {
    iovec& part = parts.front();
    const std::size_t taken = std::min(written, part.iov_len);
    part.iov_base = static_cast<char*>(part.iov_base) + taken;
    part.iov_len -= taken;
    written -= taken;
    if (part.iov_len == 0) parts = parts.subspan(1);
  }
  return true;
}

bool TlsSession::write(std::span<iovec>& parts, IoResult& result) {
  for (;;) {
    if (!flush(result)) return false;
    while (!parts.empty() && parts.front().iov_len == 0) parts = parts.subspan(1);
    if (!result.ok() || parts.empty()) return true;
    while (!parts.empty() && fresh_records.size() < batch_bytes_max) {
      if (parts.front().iov_len == 0) {
        parts = parts.subspan(1);
      } else if (!encrypt_next(parts, result)) {
        return true;
      }
    }
  }
}

void TlsSession::close_notify() {
  if (broken_ || !handshake_done()) return;
  begin_call();
  (void)SSL_shutdown(ssl_.get());
  ERR_clear_error();
  IoResult ignored;
  (void)flush(ignored);
}

}  // namespace weir::io
