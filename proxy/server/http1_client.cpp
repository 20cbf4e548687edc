#include "server/http1_client.hpp"

#include "http1/write.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {

Http1Client::Http1Client(Session& session) : room_(session.worker().held_responses()) {
  set_session(&session);
}

void Http1Client::begin_body(const http::Framing& framing) {
  body_.emplace(session().stream(), session().in(), framing, Origin::client);
}

std::optional<std::uint64_t> Http1Client::buffered_rest() const {
  const http1::BodyDecoder& decoder = body_->decoder();
  if (decoder.finished()) return 0;
  if (decoder.framing().kind != http::BodyKind::length) return std::nullopt;
  if (decoder.remaining() > session().in().unread().size()) return std::nullopt;
  return decoder.remaining();
}

bool Http1Client::rest_is_short() const {
  const http1::BodyDecoder& decoder = body_->decoder();
  return decoder.framing().kind != http::BodyKind::length || decoder.remaining() <= Discard::kept_bytes_max;
}

io::Channel& Http1Client::channel() const {
  return session().stream().channel();
}

void Http1Client::cancel_read() {
  channel().cancel_read();
}

relay::BodySink& Http1Client::sink(http::BodyKind kind) {
  return sink_.emplace(session().stream(), kind, &session().pace());
}

void Http1Client::write_head(std::string& out, const http::ResponseHead& head,
                             const http::ResponseOptions& options, std::string_view date) {
  http1::write_response_head(out, head, options, date);
}

void Http1Client::write_own_head(std::string& out, const http::OwnResponse& response,
                                 const http::ResponseOptions& options, std::string_view date) {
  http1::write_own_head(out, response, options, date);
}

/// limits.response_min_rate is for responses: a tunnel may be silent, or slow.
relay::TunnelSide Http1Client::tunnel() {
  session().in().pin(0);
  body_.emplace(session().stream(), session().in(), relay::tunnel_framing, Origin::client,
                BufferPool::small_bytes);
  sink_.emplace(session().stream(), http::BodyKind::until_close, nullptr);
  return {*body_, *sink_};
}

bool Http1Client::may_go_on() const {
  return session().may_go_on() && !session().worker().sheds_keep_alive();
}

void Http1Client::watch(ClientObserver* observer) {
  observer_ = observer;
  channel().observe(observer != nullptr ? this : nullptr);
}

io::IoStatus Http1Client::has_left() const {
  const io::Channel& client = channel();
  if (client.aborted() != io::IoStatus::ok) return client.aborted();
  return client.peer_closed() ? io::IoStatus::peer_gone : io::IoStatus::ok;
}

void Http1Client::on_unread_event(io::Channel&) {
  if (const io::IoStatus why = has_left(); why != io::IoStatus::ok) observer_->on_client_left(why);
}

}  // namespace weir::server
