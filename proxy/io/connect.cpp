#include "io/connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace weir::io {
namespace {

IoStatus status_of_connect(int error) {
  switch (error) {
    case 0:
      return IoStatus::ok;
    case ECONNREFUSED:
      return IoStatus::refused;
    case ETIMEDOUT:
      return IoStatus::timeout;
    case ECONNRESET:
      return IoStatus::reset;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
    case EADDRNOTAVAIL:
      return IoStatus::exhausted;
    default:
      return IoStatus::unreachable;
  }
}

}  // namespace

Connect::Connect(Reactor& reactor, const SocketAddress& address, TimePoint deadline) : deadline_(deadline) {
  sockaddr_storage storage;
  const socklen_t length = address.to_sockaddr(storage);
  FileDescriptor fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() || !reactor.may_keep(fd)) {
    status_ = status_of_connect(fd.valid() ? EMFILE : errno);
    finished_ = no_descriptor_ = true;
    return;
  }
  const int on = 1;
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int code = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length);
  const int error = code == 0 ? 0 : errno;
  finished_ = error != EINPROGRESS;
  if (finished_) status_ = status_of_connect(error);
  // Registered only now: an unconnected socket would report a hang-up.
  stream_ = std::make_unique<Stream>(reactor, std::move(fd));
  if (!finished_) stream_->channel().filled();
}

bool Connect::perform() {
  Channel& channel = stream_->channel();
  if (!channel.writable()) return false;
  int error = 0;
  socklen_t length = sizeof error;
  (void)::getsockopt(channel.fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  status_ = status_of_connect(error);
  return true;
}

}  // namespace weir::io
