// A connected byte stream, plain or TLS, for coroutines: read_some, write_all, readable, handshake. The fast
// path of each completes without suspending. One reader and one writer at a time. Belongs to its reactor's
// thread; not movable (the kernel's events point to it).
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <coroutine>
#include <memory>
#include <span>
#include <string_view>

#include "core/clock.hpp"
#include "io/channel.hpp"
#include "io/tls_session.hpp"

namespace weir::io {

class Stream {
 public:
  Stream(Reactor& reactor, FileDescriptor fd) : channel_(reactor, std::move(fd)) {}

  Channel& channel() { return channel_; }
  Reactor& reactor() { return channel_.reactor(); }
  bool is_tls() const { return tls_ != nullptr; }
  TlsSession* tls() { return tls_.get(); }
  /// From now on everything goes through `ssl`; call handshake() next.
  void start_tls(tls::SslPtr ssl, bool server);

  /// Certainly nothing to be read now: no buffer is needed to find that out. Under TLS it is never certain.
  bool is_quiet() const {
    return tls_ == nullptr && !channel_.readable() && channel_.aborted() == IoStatus::ok;
  }
  /// Reads without waiting: false when there is nothing to be read now.
  bool try_read(char* to, std::size_t bytes, IoResult& result);
  /// Writes without waiting and moves the front of `parts` on; false when the kernel's buffer is full.
  bool try_write(std::span<iovec>& parts, IoResult& result);

  class Reading;
  class ReadSome;
  class WriteAll;
  class Readable;
  class Handshake;

  /// At least one byte, or eof, or why not. IoStatus::timeout when nothing came until `deadline`.
  ReadSome read_some(char* to, std::size_t bytes, TimePoint deadline);
  /// All bytes of `parts` (which is used up), or why not. `timeout` is the longest time without any progress; past
  /// `deadline` progress does not help.
  WriteAll write_all(std::span<iovec> parts, Duration timeout, TimePoint deadline = TimePoint::max());
  /// The same, until `deadline` at most, however much progress it makes: afterwards `parts` is what is left.
  WriteAll write_until(std::span<iovec>& parts, TimePoint deadline);
  /// Bytes that left this machine, or rather its send buffer: the other side confirmed them. One system call.
  std::uint64_t taken_bytes() const;
  /// Waits, holding no buffer, until something arrives. Call after try_read found nothing: what a TLS session
  /// holds already is not seen here.
  Readable readable(TimePoint deadline);
  Handshake handshake(TimePoint deadline);

  /// Announces to the peer that we send nothing more (TLS close_notify, then FIN). Best effort, does not wait.
  void finish_writing();
  /// Makes close() send RST instead of FIN: the peer must not take a cut body for a complete one.
  void reset_on_close();
  /// False when the peer has closed or sent something although it should be silent (a kept connection).
  bool is_silent();

 private:
  Channel channel_;
  std::unique_ptr<TlsSession> tls_;
  std::uint64_t sent_bytes_ = 0;  // without TLS
};

/// What the operations on the reading side have in common.
class Stream::Reading : public Operation {
 public:
  bool await_ready() { return perform(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    stream_.channel_.wait_read(*this, waiting, deadline_);
  }
  IoResult await_resume() const { return result_; }
  void fail(IoStatus reason) override { result_ = {0, reason}; }

 protected:
  ~Reading() = default;
  Reading(Stream& stream, TimePoint deadline) : stream_(stream), deadline_(deadline) {}
  Stream& stream_;
  TimePoint deadline_;
  IoResult result_;
};

class Stream::ReadSome final : public Reading {
 public:
  ReadSome(Stream& stream, char* to, std::size_t bytes, TimePoint deadline)
      : Reading(stream, deadline), to_(to), bytes_(bytes) {}
  bool perform() override { return stream_.try_read(to_, bytes_, result_); }

 private:
  char* to_;
  std::size_t bytes_;
};

class Stream::Readable final : public Reading {
 public:
  Readable(Stream& stream, TimePoint deadline) : Reading(stream, deadline) {}
  bool perform() override;
};

class Stream::Handshake final : public Reading {
 public:
  Handshake(Stream& stream, TimePoint deadline) : Reading(stream, deadline) {}
  bool perform() override;
};

class Stream::WriteAll final : public Operation {
 public:
  WriteAll(Stream& stream, std::span<iovec> parts, Duration timeout, TimePoint deadline)
      : stream_(stream), parts_(parts), timeout_(timeout), deadline_(deadline) {}
  WriteAll(Stream& stream, std::span<iovec>& parts, TimePoint deadline)
      : stream_(stream), parts_(parts), timeout_(Duration::max()), deadline_(deadline), rest_(&parts) {}
  bool await_ready() { return stream_.try_write(parts_, result_); }
  void await_suspend(std::coroutine_handle<> waiting) {
    stream_.channel_.wait_write(*this, waiting, next_deadline());
  }
  IoResult await_resume() const {
    if (rest_ != nullptr) *rest_ = parts_;
    return result_;
  }

  bool perform() override;
  void fail(IoStatus reason) override { result_.status = reason; }

 private:
  TimePoint next_deadline() const {
    return rest_ != nullptr ? deadline_ : std::min(deadline_, stream_.reactor().now() + timeout_);
  }

  Stream& stream_;
  std::span<iovec> parts_;
  Duration timeout_;
  TimePoint deadline_{};
  std::span<iovec>* rest_ = nullptr;
  IoResult result_;
};

inline Stream::ReadSome Stream::read_some(char* to, std::size_t bytes, TimePoint deadline) {
  return {*this, to, bytes, deadline};
}
inline Stream::WriteAll Stream::write_all(std::span<iovec> parts, Duration timeout, TimePoint deadline) {
  return {*this, parts, timeout, deadline};
}
inline Stream::WriteAll Stream::write_until(std::span<iovec>& parts, TimePoint deadline) {
  return {*this, parts, deadline};
}
inline Stream::Readable Stream::readable(TimePoint deadline) {
  return {*this, deadline};
}
inline Stream::Handshake Stream::handshake(TimePoint deadline) {
  return {*this, deadline};
}

}  // namespace weir::io
