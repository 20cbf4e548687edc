// A client connection that speaks HTTP/2 (RFC 9113): reads for the codec, and starts an exchange for each request. What
// all of them write is sent by the link that it is. Worker thread.
#pragma once

#include <exception>
#include <vector>

#include "http2/server_codec.hpp"
#include "io/waiter.hpp"
#include "server/head_room.hpp"
#include "server/http2_link.hpp"
#include "server/request_room.hpp"
#include "server/response_room.hpp"
#include "server/session.hpp"

namespace weir::server {

class Http2Stream;

class Http2Connection final : public Http2Link, public RequestRoom, private http2::ServerEvents {
 public:
  static constexpr std::size_t head_bytes_each =
      4 * 1024;  // of all heads and trailers together, with one of limits.header_bytes
  static constexpr std::size_t dropping_max = 8;  // requests that are read on after their answer, at once
  static constexpr Milliseconds shutdown_wait{1'000};  // for the client to notice the first GOAWAY

  explicit Http2Connection(Session& session);
  ~Http2Connection();

  /// To the end. True: the client may still be sending.
  Task<bool> run();
  /// No further request: GOAWAY, in two steps (RFC 9113 6.8); ends when those that run have ended.
  void begin_shutdown();
  /// The same at once, of a connection without a request.
  void close_idle();

  // For streams.

  Session& session() { return session_; }
  http2::ServerCodec& server_codec() { return codec_; }
  ResponseRoom& room() { return room_; }
  /// The head of `stream` is gone before it has ended.
  void forget_head(const Http2Stream& stream);
  void give_up(const std::exception_ptr& failure) noexcept override;
  /// A place among the requests that are read on after their answer; false: there is none.
  bool begin_drop() { return dropping_ < dropping_max && ++dropping_ > 0; }
  void end_drop() { --dropping_; }

  // Http2Link

  bool counts_standing() const override { return true; }
  void begin_standing(http2::Stream& stream) noexcept override;
  void end_standing() override;

  // RequestRoom

  void recount(TimePoint now) override;
  bool begin_waiting() override;

 private:
  // http2::ServerEvents
  http2::Stream* on_request(std::uint32_t id, http2::FieldSection& section, bool too_large,
                            bool ended) override;
  void on_refused(std::uint32_t id) override;
  void on_data(http2::Stream& stream, std::string_view bytes) override;
  void on_trailers(http2::Stream& stream, http2::FieldSection& section, bool too_large) override;
  void on_end(http2::Stream& stream) override;
  void on_reset(http2::Stream& stream, http2::ErrorCode code, bool by_peer) override;
  void on_window(http2::Stream& stream) override;
  void on_connection_window() override;
  void on_goaway(http2::ErrorCode code) override;
  void on_priority(http2::Stream& stream) override;

  // Http2Link
  relay::WriteBounds write_bounds() override;
  void output_is_empty() override;
  void turn_is_over() noexcept override { progress_.notify(); }

  Task<bool> read();
  bool receive();
  bool timed_out();
  TimePoint deadline() const;
  bool is_done() const;
  bool is_idle() const;
  void look_again();
  void start_streams();
  bool may_start(const Http2Stream& stream);
  void start(Http2Stream& stream);
  void let_wait(Http2Stream& stream);
  bool has_room_for(const http2::FieldSection& section);
  void look_at_standing();
  void stream_ended(Http2Stream& stream);
  void release(Http2Stream& stream);
  void end_streams(io::IoStatus why);
  void count_end();

  Session& session_;
  io::Reactor& reactor_;
  http2::ServerCodec codec_;
  std::vector<Http2Stream*> streams_, starting_;  // all; of them, those that have not begun
  io::Waiter progress_;                           // of what is sent, or of the last streams
  bool starts_ = false;                           // start_streams() is at work
  bool reading_waits_ = false;
  bool announced_ = false, finished_ = false;  // the two GOAWAYs
  bool gave_up_ = false;                       // the codec's state may be half of something
  std::size_t dropping_ = 0;
  std::size_t standing_ = 0;  // responses that the client opens no window for
  HeadRoom heads_;
  ResponseRoom room_;
  TimePoint opened_at_, idle_since_, block_since_ = TimePoint::max(), announced_at_ = TimePoint::max();
  io::IoStatus ended_by_ = io::IoStatus::ok;
};

}  // namespace weir::server
