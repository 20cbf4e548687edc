// One request of an HTTP/2 connection, as its exchange sees it (server/client.hpp). Objects are reused by their worker.
// Worker thread.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "http2/field_section.hpp"
#include "http2/request.hpp"
#include "server/client.hpp"
#include "server/exchange.hpp"
#include "server/http2_message.hpp"
#include "server/request_room.hpp"
#include "tls/websocket_key.hpp"

namespace weir::server {

class Http2Connection;

class Http2Stream final : public Http2Message, public Client {
 public:
  static constexpr std::size_t section_kept_max = 8 * 1024;  // of text, from one request to the next

  explicit Http2Stream(Worker& worker);
  ~Http2Stream();

  /// For a request of `connection`; `section` is swapped out. `ended`: the head is all of it. False: it is malformed,
  /// and serve() must not be called.
  bool begin(Http2Connection& connection, http2::FieldSection& section, bool too_large, bool ended);
  /// It does not begin yet: only its head is kept, and what comes of its body.
  void wait();
  bool is_waiting() const { return exchange_ == nullptr; }
  /// Ready for serve() again.
  void end_wait();
  /// The exchange, to its end.
  Task<> serve();
  /// Nothing of the request is left.
  void clear();

  // What the connection reports.

  void add_data(std::string_view bytes) { body_.add(bytes); }
  /// False: they are malformed.
  bool add_trailers(const http2::FieldSection& section);
  void end_body() { body_.end(); }
  /// The client broke a rule of the protocol: its stream was reset.
  void break_off(std::string_view why);
  // What is held of its head, and of its trailers once they are there.
  std::size_t head_bytes() const { return section_.text_bytes(); }
  std::size_t trailer_bytes() const { return body_.trailers().size(); }

  // For RequestRoom.

  bool counts() const { return counts_; }
  void set_counts(bool counts) { counts_ = counts; }
  bool is_new(TimePoint now) const { return now - began_at_ < RequestRoom::patience; }
  /// Its client stands still: what only a quick end needs is given back.
  void free_texts() noexcept;

  // Http2Message

  void send_head(std::string_view head, bool end) override;
  void leave(io::IoStatus why) override;

  // Client

  relay::BodySource& body() override { return body_; }
  std::optional<std::uint64_t> buffered_rest() const override;
  bool rest_is_short() const override { return true; }  // a reset ends it
  void cancel_read() override { body_.cancel_wait(); }
  relay::BodySink& sink(http::BodyKind) override { return sink_; }
  void write_head(std::string& out, const http::ResponseHead& head, const http::ResponseOptions& options,
                  std::string_view date) override;
  void write_own_head(std::string& out, const http::OwnResponse& response,
                      const http::ResponseOptions& options, std::string_view date) override;
  Result<void> accepts(const http::ResponseHead& head) const override;
  relay::TunnelSide tunnel() override;
  bool may_go_on() const override { return true; }  // the connection sees to that when the stream has ended
  void watch(ClientObserver* observer) override { observer_ = observer; }
  io::IoStatus has_left() const override { return left(); }

  // ResponseTaker

  std::size_t takes_now() const override;
  ResponseRoom& room() override;

 private:
  bool read_head(const config::ListenerLimits& limits);
  bool wants_rest() const;
  Task<> drop_rest();
  void end_tunnel();

  Worker& worker_;
  Http2Connection* connection_ = nullptr;
  http2::FieldSection section_;
  std::unique_ptr<Exchange> exchange_;
  ClientObserver* observer_ = nullptr;
  TimePoint came_at_{}, began_at_{};  // the same, but for those that wait
  bool too_large_ = false;            // its head is
  bool head_ends_ = false;            // it has no body
  bool counts_ = false;
  bool tunnel_ = false;   // it is one
  bool interim_ = false;  // the head that was written last has a status of 1xx
  int status_ = 0;        // of that head
  std::array<char, tls::websocket_key_length> websocket_key_{};
};

}  // namespace weir::server
