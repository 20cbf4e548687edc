// One request of an HTTP/1 connection, as its exchange sees it (server/client.hpp). Worker thread.
#pragma once

#include "io/channel.hpp"
#include "relay/http1_body.hpp"
#include "server/client.hpp"

namespace weir::server {

class Http1Client final : public Client, private io::ChannelObserver {
 public:
  explicit Http1Client(Session& session);

  /// The head was read, or refused: what is said of a body holds from here on.
  void begin_body(const http::Framing& framing);
  /// What the body still lacks, to be dropped.
  http1::BodyDecoder& unread_body() { return body_->decoder(); }

  relay::BodySource& body() override { return *body_; }
  std::optional<std::uint64_t> buffered_rest() const override;
  bool rest_is_short() const override;
  void cancel_read() override;
  relay::BodySink& sink(http::BodyKind kind) override;
  void write_head(std::string& out, const http::ResponseHead& head, const http::ResponseOptions& options,
                  std::string_view date) override;
  void write_own_head(std::string& out, const http::OwnResponse& response,
                      const http::ResponseOptions& options, std::string_view date) override;
  Result<void> accepts(const http::ResponseHead&) const override { return {}; }
  relay::TunnelSide tunnel() override;
  bool may_go_on() const override;
  void watch(ClientObserver* observer) override;
  io::IoStatus has_left() const override;

  // ResponseTaker. What its socket takes shows when it is written to.
  std::size_t takes_now() const override { return relay::read_unbounded; }
  ResponseRoom& room() override { return room_; }

 private:
  void on_unread_event(io::Channel& channel) override;
  io::Channel& channel() const;

  std::optional<relay::Http1Source> body_;
  std::optional<relay::Http1Sink> sink_;
  ClientObserver* observer_ = nullptr;
  ResponseRoom room_;
};

}  // namespace weir::server
