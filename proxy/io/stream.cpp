#include "io/stream.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>

#include "io/system_calls.hpp"

namespace weir::io {
namespace {

IoStatus status_of_errno(int error) {
  return error == ETIMEDOUT ? IoStatus::timeout : IoStatus::reset;
}

/// Takes `bytes` off the front of `parts`.
void advance(std::span<iovec>& parts, std::size_t bytes) {
  while (!parts.empty() && bytes >= parts.front().iov_len) {
    bytes -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (bytes == 0) return;
  parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + bytes;
  parts.front().iov_len -= bytes;
}

}  // namespace

void Stream::start_tls(tls::SslPtr ssl, bool server) {
  tls_ = std::make_unique<TlsSession>(channel_, std::move(ssl), server);
}

bool Stream::try_read(char* to, std::size_t bytes, IoResult& result) {
  if (channel_.aborted() != IoStatus::ok) {
    result = {0, channel_.aborted()};
    return true;
  }
  if (tls_ != nullptr) return tls_->read(to, bytes, result);
  if (!channel_.readable()) return false;
  ssize_t received = 0;
  do {
    received = receive(channel_.fd(), to, bytes);
  } while (received < 0 && errno == EINTR);
  if (received < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      channel_.drained();
      return false;
    }
    result = {0, status_of_errno(errno)};
    return true;
  }
  if (static_cast<std::size_t>(received) < bytes) channel_.drained();
  result = {static_cast<std::size_t>(received), received == 0 ? IoStatus::eof : IoStatus::ok};
  return true;
}

bool Stream::try_write(std::span<iovec>& parts, IoResult& result) {
  if (channel_.aborted() != IoStatus::ok) {
    result.status = channel_.aborted();
    return true;
  }
  if (tls_ != nullptr) return tls_->write(parts, result);
  while (!parts.empty()) {
    if (parts.front().iov_len == 0) {
      parts = parts.subspan(1);
      continue;
    }
    if (!channel_.writable()) return false;
    const ssize_t sent = transmit(channel_.fd(), parts.data(), std::min<std::size_t>(parts.size(), IOV_MAX));
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        channel_.filled();
        return false;
      }
      result.status = status_of_errno(errno);
      return true;
    }
    result.bytes += static_cast<std::size_t>(sent);
    sent_bytes_ += static_cast<std::size_t>(sent);
    advance(parts, static_cast<std::size_t>(sent));
  }
  result.status = IoStatus::ok;
  return true;
}

bool Stream::WriteAll::perform() {
  const std::size_t before = result_.bytes;
  if (stream_.try_write(parts_, result_)) return true;
  if (result_.bytes > before) stream_.channel_.extend_write_deadline(next_deadline());
  return false;
}

std::uint64_t Stream::taken_bytes() const {
  const std::uint64_t sent = tls_ != nullptr ? tls_->sent_bytes() : sent_bytes_;
  int unconfirmed = 0;
  if (::ioctl(channel_.fd(), SIOCOUTQ, &unconfirmed) != 0 || unconfirmed < 0) return sent;
  return sent - std::min(sent, static_cast<std::uint64_t>(unconfirmed));
}

bool Stream::Readable::perform() {
  Channel& channel = stream_.channel_;
  if (channel.aborted() != IoStatus::ok) {
    result_ = {0, channel.aborted()};
    return true;
  }
  result_ = {};
  return channel.readable() || channel.peer_closed();
}

bool Stream::Handshake::perform() {
  if (stream_.channel_.aborted() != IoStatus::ok) {
    result_ = {0, stream_.channel_.aborted()};
    return true;
  }
  return stream_.tls_->handshake(result_);
}

void Stream::finish_writing() {
  if (tls_ != nullptr) tls_->close_notify();
  ::shutdown(channel_.fd(), SHUT_WR);
}

void Stream::reset_on_close() {
  const linger reset{1, 0};
  (void)::setsockopt(channel_.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

bool Stream::is_silent() {
  if (channel_.peer_closed() || channel_.aborted() != IoStatus::ok) return false;
  if (!channel_.readable() && !(tls_ && tls_->has_buffered())) return true;
  // Something arrived. Under TLS it may be a session ticket, which a read takes in without giving bytes.
  char byte = 0;
  IoResult result;
  return !try_read(&byte, 1, result);
}

}  // namespace weir::io
