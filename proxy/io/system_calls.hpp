// The system calls of the request path, without the C library's detour: in a process with threads its wrappers make
// each call a cancellation point, two locked instructions each time, and nothing here is ever cancelled. Results and
// errno are those of the calls that they stand for. Sanitizers watch the C library's wrappers, so builds with them use
// those.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

namespace weir::io {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool direct_calls = false;
#elif defined(__has_feature)
inline constexpr bool direct_calls = !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer));
#else
inline constexpr bool direct_calls = true;
#endif

inline ssize_t receive(int fd, void* to, std::size_t bytes) {
  if constexpr (direct_calls) return ::syscall(SYS_recvfrom, fd, to, bytes, 0, nullptr, nullptr);
  return ::recv(fd, to, bytes, 0);
}

/// Never raises SIGPIPE.
inline ssize_t transmit(int fd, const void* from, std::size_t bytes) {
  if constexpr (direct_calls) return ::syscall(SYS_sendto, fd, from, bytes, MSG_NOSIGNAL, nullptr, 0);
  return ::send(fd, from, bytes, MSG_NOSIGNAL);
}

/// Parts that are together no longer than this are copied into one: the kernel takes longer to learn of several.
inline constexpr std::size_t copied_bytes_max = 2048;

/// Never raises SIGPIPE.
inline ssize_t transmit(int fd, iovec* parts, std::size_t count) {
  if (count == 1) return transmit(fd, parts->iov_base, parts->iov_len);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count && bytes <= copied_bytes_max; ++i) bytes += parts[i].iov_len;
  if (bytes <= copied_bytes_max) {
    char joined[copied_bytes_max];
    char* end = joined;
    for (std::size_t i = 0; i < count; ++i)
      end = std::copy_n(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len, end);
    return transmit(fd, joined, bytes);
  }
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  if constexpr (direct_calls) return ::syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

inline int wait_for_events(int epoll_fd, epoll_event* events, int count, int timeout_ms) {
  if constexpr (direct_calls) {
    return static_cast<int>(
        ::syscall(SYS_epoll_pwait, epoll_fd, events, count, timeout_ms, nullptr, std::size_t{8}));
  }
  return ::epoll_wait(epoll_fd, events, count, timeout_ms);
}

}  // namespace weir::io
