#include "output.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace weir::origin {

void Output::append(std::string_view text) {
  if (!fixed_.empty()) {
    buffer_.append(fixed_);
    fixed_ = {};
  }
  buffer_.append(text);
}

void Output::append(std::size_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  append(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

void Output::append_fixed(std::string_view data) {
  if (!fixed_.empty()) append({});
  fixed_ = data;
}

void Output::consume(std::size_t count) {
  const std::size_t from_buffer = std::min(count, buffer_.size() - sent_);
  sent_ += from_buffer;
  fixed_.remove_prefix(count - from_buffer);
  if (sent_ < buffer_.size()) {
    if (sent_ > high_water_bytes) {  // a long queue behind: give the sent part back
      buffer_.erase(0, sent_);
      sent_ = 0;
    }
    return;
  }
  buffer_.clear();
  sent_ = 0;
  if (buffer_.capacity() > kept_capacity_bytes) buffer_.shrink_to_fit();
}

Output::Flush Output::flush(int fd) {
  while (!empty()) {
    ssize_t sent = 0;
    if (fixed_.empty()) {
      sent = ::send(fd, buffer_.data() + sent_, buffer_.size() - sent_, MSG_NOSIGNAL);
    } else {
      // sendmsg takes mutable pointers by its C signature only; it does not write through them.
      iovec parts[2] = {{buffer_.data() + sent_, buffer_.size() - sent_},
                        {const_cast<char*>(fixed_.data()), fixed_.size()}};
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = 2;
      sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    }
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? Flush::blocked : Flush::failed;
    }
    consume(static_cast<std::size_t>(sent));
  }
  return Flush::drained;
}

}  // namespace weir::origin
