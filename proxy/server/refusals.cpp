#include "server/refusals.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <new>
#include <utility>

#include "io/spawn.hpp"
#include "server/discard.hpp"

namespace weir::server {
namespace {

/// What was read need not be answered by a reset. MSG_TRUNC: TCP throws it away without a copy. Returns whether there
/// was anything.
bool discard_received(int fd) {
  constexpr std::size_t all = 1 << 30;
  return ::recv(fd, nullptr, all, MSG_TRUNC | MSG_DONTWAIT) > 0;
}

std::string text_of(std::string_view body, std::int64_t seconds, std::string_view error,
                    std::string_view details) {
  return fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\n"
      "Content-Type: text/plain\r\n"
      "Content-Length: {}\r\n"
      "Retry-After: {}\r\n"
      "Cache-Control: no-store\r\n"
      "Proxy-Status: weir; error={}; details=\"{}\"\r\n"
      "Connection: close\r\n"
      "\r\n"
      "{}",
      body.size(), seconds, error, details, body);
}

}  // namespace

std::string refusal_text(limit::Bound why, Milliseconds retry_after) {
  const std::string_view error =
      why == limit::Bound::connections ? "connection_limit_reached" : "proxy_internal_error";
  return text_of("overloaded, try again later\n",
                 std::chrono::ceil<std::chrono::seconds>(retry_after).count(), error,
                 "overload: " + std::string(limit::to_string(why)));
}

std::string_view client_refusal_text() {
  static const std::string text = text_of("too many connections from this client\n", 1,
                                          "connection_limit_reached", "limits.connections_per_client");
  return text;
}

void send_refusal(int fd, std::string_view text) {
  // A fresh socket has room for it; where it has not, there is nothing to wait for.
  (void)::send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  (void)::shutdown(fd, SHUT_WR);
  discard_received(fd);
}

void Refusals::set_retry_after(Milliseconds retry_after) {
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    answers_[i] = refusal_text(static_cast<limit::Bound>(i), retry_after);
  }
}

void Refusals::refuse(io::FileDescriptor fd, Refused whose, limit::Bound why, bool answer, bool keep) {
  if (!answer) return;
  send_refusal(fd.get(), answers_[static_cast<std::size_t>(why)]);
  if (keep) this->keep(std::move(fd), std::move(whose));
}

void Refusals::refuse_client(io::FileDescriptor fd, Refused whose) {
  send_refusal(fd.get(), client_refusal_text());
  keep(std::move(fd), std::move(whose));
}

void Refusals::keep(io::FileDescriptor fd, Refused whose) {
  if (most_ == 0) return;
  while (!kept_.empty() && kept_.size() + reading_.size() >= most_) close_oldest();
  kept_.push_back({std::move(fd), std::move(whose), reactor_.now() + kept_for});
}

void Refusals::expire(TimePoint now) {
  while (!kept_.empty() && kept_.front().until <= now) close_oldest();
}

/// One that has sent more since its answer is probably still sending. At most half of all are read on.
void Refusals::close_oldest() {
  Kept oldest = std::move(kept_.front());
  kept_.pop_front();
  if (!discard_received(oldest.fd.get()) || reading_.size() >= most_ / 2) return;
  auto start = [this, fd = std::move(oldest.fd), whose = std::move(oldest.whose)]() mutable {
    return read_on(std::move(fd), std::move(whose));
  };
  io::spawn("refused connection", std::move(start), [](bool) {});
}

Task<> Refusals::read_on(io::FileDescriptor fd, Refused whose) {
  io::Stream stream(reactor_, std::move(fd));
  ReadBuffer in(buffers_);
  reading_.push_back(&stream);
  try {
    Discard discard(stream, in, whose.listener->config.limits, *whose.discards, draining_since_);
    co_await discard.rest();
  } catch (const std::bad_alloc&) {  // as good as over
  }
  std::erase(reading_, &stream);
}

void Refusals::end() {
  kept_.clear();
  for (io::Stream* const stream : reading_) stream->channel().abort(io::IoStatus::shutdown);
}

}  // namespace weir::server
