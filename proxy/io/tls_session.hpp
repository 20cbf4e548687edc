// TLS over one channel's socket: OpenSSL reads straight from the socket and writes records into a buffer of
// ours, so that many records leave in one system call. What the socket does not take at once is kept until it
// does; an idle connection keeps nothing.
// Non-blocking throughout; belongs to the channel's thread.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/channel.hpp"
#include "tls/context.hpp"
#include "tls/error.hpp"

namespace weir::io {

class TlsSession {
 public:
  static constexpr std::size_t batch_bytes_max = 128 * 1024;  // records gathered before they are sent
  static constexpr std::size_t record_bytes_max = 16 * 1024;  // RFC 8446 5.1
  /// One call of OpenSSL ends as soon as there is data: it reads more often only from a peer that floods it with what
  /// is none (key updates, tickets). The largest handshake message, a list of certificates of 100 KiB, is less.
  static constexpr int reads_per_call_max = 16;
  /// Connections of all threads that this bound ended.
  static std::uint64_t floods_ended();

  TlsSession(Channel& channel, tls::SslPtr ssl, bool server);

  SSL* ssl() { return ssl_.get(); }
  /// Bytes of the handshake that were read from the socket already.
  void feed(std::string_view early) {
    if (!early.empty()) early_ = std::make_unique<std::string>(early);
  }
  /// Each returns false when the socket has to become ready first; otherwise `result` says how it ended.
  bool handshake(IoResult& result);
  bool read(char* to, std::size_t bytes, IoResult& result);
  bool write(std::span<iovec>& parts, IoResult& result);
  /// Decrypted or still encrypted bytes are held inside.
  bool has_buffered() const { return SSL_has_pending(ssl_.get()) == 1; }
  /// Sends close_notify as far as the socket takes it.
  void close_notify();
  bool handshake_done() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  /// Bytes of records that the kernel took so far.
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  /// What OpenSSL said about the last failure.
  const std::string& failure_text() const { return failure_text_; }

 private:
  static const BIO_METHOD* bio_method();
  static BIO* thread_bio();
  static int bio_write(BIO* bio, const char* data, int bytes);
  static int bio_read(BIO* bio, char* to, int bytes);
  static long bio_control(BIO* bio, int command, long, void*);

  /// Before each call that may read or write: the thread's BIO is this session's until it returns.
  void begin_call();
  bool send(std::string_view bytes, std::size_t& sent, IoResult& result);
  bool flush(IoResult& result);
  bool encrypt_next(std::span<iovec>& parts, IoResult& result);
  bool failed(int code, IoResult& result);

  struct Unsent {
    std::string records;
    std::size_t sent = 0;
  };

  Channel& channel_;
  tls::SslPtr ssl_;
  std::unique_ptr<Unsent> unsent_;      // what the socket did not take yet
  std::unique_ptr<std::string> early_;  // read from the socket before TLS began (behind a PROXY header)
  std::uint64_t sent_bytes_ = 0;
  int reads_in_call_ = 0;
  bool broken_ = false;  // no further SSL call makes sense
  std::string failure_text_;
};

}  // namespace weir::io
