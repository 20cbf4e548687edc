#include "connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "event_loop.hpp"

namespace weir::origin {

Connection::Connection(EventLoop& loop, Shared& shared, int fd, std::string client)
    : loop_(loop), shared_(shared), fd_(fd), client_(std::move(client)) {
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  interest_ = EPOLLIN;
  loop_.watch(fd_, interest_, false);
}

Connection::~Connection() {
  if (timer_) loop_.cancel(*timer_);
  ::close(fd_);
}

bool Connection::on_ready(std::uint32_t events) {
  if (events & EPOLLERR) return false;
  if ((events & (EPOLLIN | EPOLLHUP)) && (interest_ & EPOLLIN)) return read_input();
  if (events & EPOLLHUP) return false;
  return run({});
}

bool Connection::on_timer() {
  timer_.reset();
  waiting_ = false;
  if (phase_ == Phase::lingering) return false;
  if (phase_ == Phase::http2) http2_->on_timer(std::chrono::steady_clock::now());
  return run({});
}

bool Connection::read_input() {
  std::vector<char>& buffer = loop_.read_buffer();
  const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) {
    input_ended_ = true;
    if (phase_ == Phase::lingering || phase_ == Phase::http2) return false;
    if (phase_ == Phase::exchange && !body_.done()) return false;  // the rest of the body will never come
    if (phase_ == Phase::websocket) phase_ = Phase::closing;
    return run({});  // the client only ended its side: it still gets its answer
  }
  if (phase_ == Phase::lingering) return true;
  return run(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
}

/// Works on kept plus new input until nothing moves any more.
bool Connection::run(std::string_view input) {
  std::string joined;
  if (!kept_input_.empty()) {
    joined = std::exchange(kept_input_, {});
    joined.append(input);
    input = joined;
  }
  for (int round = 0; round < rounds_per_event_max; ++round) {
    process(input);
    held_back_ = output_.full();
    flush();
    if (!output_.empty() || !(held_back_ || has_more_to_produce())) break;
  }
  kept_input_.assign(input);
  if (phase_ == Phase::closing && output_.empty()) start_lingering();
  if (phase_ == Phase::dead) return false;
  if (input_ended_ && phase_ == Phase::head && output_.empty() && kept_input_.empty()) return false;
  update_interest();
  return true;
}

void Connection::process(std::string_view& input) {
  for (;;) {
    switch (phase_) {
      case Phase::head:
        if (input.empty() || output_.full() || !(start_http2(input) || start_request(input))) return;
        break;
      case Phase::exchange:
        if (!step_exchange(input)) return;
        break;
      case Phase::websocket:
        if (websocket_.feed(input, output_) == WebSocketEcho::State::closed) phase_ = Phase::closing;
        return;
      case Phase::http2:
        return step_http2(input);
      case Phase::closing:
      case Phase::lingering:
      case Phase::dead:
        input = {};
        return;
    }
  }
}

/// True: the connection is one of HTTP/2, and `input` its beginning.
bool Connection::start_http2(std::string_view input) {
  if (used_ || !input.starts_with(http2_preface)) return false;
  http2_ = std::make_unique<Http2Session>(shared_, client_);
  phase_ = Phase::http2;
  return true;
}

void Connection::step_http2(std::string_view& input) {
  const bool understood = input.empty() || http2_->feed(input);
  input = {};
  if (!http2_->fill(output_) || !understood) {
    phase_ = Phase::closing;
    return;
  }
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  const std::optional<TimePoint> next = http2_->next_timer();
  if (!next) return;
  const auto left = *next - std::chrono::steady_clock::now();
  timer_ = loop_.wake_after(fd_, std::max(std::chrono::ceil<std::chrono::milliseconds>(left), {}));
}

/// True: a request was read and is being answered.
bool Connection::start_request(std::string_view& input) {
  Request& request = loop_.parsed_request();
  std::size_t consumed = 0;
  ParseResult result = ParseResult::incomplete;  // as a preface that was cut is
  if (used_ || !http2_preface.starts_with(input)) result = parse_request(input, request, consumed);
  if (result == ParseResult::incomplete) {
    if (input_ended_) phase_ = Phase::dead;
    return false;
  }
  if (result != ParseResult::complete) {
    append_refusal(output_, result == ParseResult::too_large ? 431 : 400, shared_);
    phase_ = Phase::closing;
    return true;
  }
  body_.start(request);
  if (request.expects_continue && !body_.done()) output_.append("HTTP/1.1 100 Continue\r\n\r\n");
  Reply reply = handle(request, client_, std::exchange(used_, true), shared_, output_);
  responder_ = std::move(reply.responder);
  keep_alive_ = request.keep_alive && !reply.close;
  phase_ = reply.websocket ? Phase::websocket : Phase::exchange;
  input.remove_prefix(consumed);
  return true;
}

/// True: the exchange is over and the next phase can go on.
bool Connection::step_exchange(std::string_view& input) {
  if (!read_body(input)) return phase_ != Phase::exchange;
  if (responder_ && !step_responder()) return phase_ != Phase::exchange;
  if (responder_ || !body_.done()) return false;
  finish_exchange();
  return true;
}

/// False: stopped by a full output, or the body cannot be understood.
bool Connection::read_body(std::string_view& input) {
  while (!body_.done()) {
    if (output_.full()) return false;
    const std::string_view piece = body_.next(input);
    if (body_.failed()) {
      phase_ = Phase::closing;
      return false;
    }
    if (piece.empty()) break;
    if (responder_) responder_->on_body(piece, output_);
  }
  return true;
}

/// True: the response is complete.
bool Connection::step_responder() {
  if (waiting_ || output_.full()) return false;
  const Step step = responder_->produce(output_, body_.done());
  switch (step.kind) {
    case Step::Kind::more:
      return false;
    case Step::Kind::wait:
      waiting_ = true;
      timer_ = loop_.wake_after(fd_, step.delay);
      return false;
    case Step::Kind::done:
      responder_.reset();
      return true;
    case Step::Kind::close:
      phase_ = Phase::closing;
      break;
    case Step::Kind::reset:
      reset();
      break;
  }
  responder_.reset();
  return false;
}

void Connection::finish_exchange() {
  phase_ = keep_alive_ ? Phase::head : Phase::closing;
}

void Connection::flush() {
  if (phase_ != Phase::dead && output_.flush(fd_) == Output::Flush::failed) phase_ = Phase::dead;
}

bool Connection::has_more_to_produce() const {
  if (phase_ == Phase::http2) return http2_->has_more_to_send();
  return phase_ == Phase::exchange && responder_ && !waiting_ && (body_.done() || !responder_->needs_body());
}

void Connection::update_interest() {
  std::uint32_t wanted = 0;
  const bool has_room = kept_input_.size() < kept_input_bytes_max && !output_.full();
  if (!input_ended_ && has_room) wanted |= EPOLLIN;
  if (!output_.empty() || held_back_ || has_more_to_produce()) wanted |= EPOLLOUT;
  if (wanted == interest_) return;
  interest_ = wanted;
  loop_.watch(fd_, interest_, true);
}

void Connection::start_lingering() {
  ::shutdown(fd_, SHUT_WR);
  kept_input_.clear();
  if (input_ended_) {
    phase_ = Phase::dead;
    return;
  }
  phase_ = Phase::lingering;
  if (timer_) loop_.cancel(*timer_);
  timer_ = loop_.wake_after(fd_, linger_timeout);
}

void Connection::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  phase_ = Phase::dead;
}

}  // namespace weir::origin
