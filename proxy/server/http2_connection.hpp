// A client connection that speaks HTTP/2 (RFC 9113): reads for the codec, starts an exchange for each request, and once
// a turn of the loop sends what all of them have written. The response that is most urgent goes first; those that are
// equal take turns. Worker thread.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "http2/send_queue.hpp"
#include "http2/server_codec.hpp"
#include "io/reactor.hpp"
#include "io/waiter.hpp"
#include "server/session.hpp"

namespace weir::server {

class Http2Stream;

class Http2Connection final : private http2::ServerEvents, private io::TurnEnd {
 public:
  static constexpr std::size_t output_target = 64 * 1024;  // bodies are added to the output up to here
  static constexpr std::size_t output_max = 512 * 1024;    // from here on the client is not read
  static constexpr std::size_t head_bytes_each =
      4 * 1024;                                   // of all heads together, with one of limits.header_bytes
  static constexpr std::size_t dropping_max = 8;  // requests that are read on after their answer, at once
  static constexpr int flushes_per_turn = 4;
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
  http2::ServerCodec& codec() { return codec_; }
  void want_flush() { reactor_.at_turn_end(*this); }
  /// Whether `stream` may write without waiting for others.
  bool has_turn(const Http2Stream& stream) const;
  void enter_queue(Http2Stream& stream);
  void leave_queue(Http2Stream& stream);
  std::string& scratch() { return scratch_; }
  /// The head of `stream` is gone before it has ended.
  void forget_head(const Http2Stream& stream);
  /// Something found no memory, in the middle of a frame maybe: nothing more is sent, and all streams end.
  void give_up(const std::exception_ptr& failure) noexcept;
  void note_data_sent(std::size_t bytes);
  /// A place among the requests that are read on after their answer; false: there is none.
  bool begin_drop() { return dropping_ < dropping_max && ++dropping_ > 0; }
  void end_drop() { --dropping_; }
  std::uint64_t data_sent() const { return data_sent_; }
  TimePoint data_sent_last() const { return data_sent_last_; }

 private:
  // http2::ServerEvents
  http2::ServerStream* on_request(std::uint32_t id, http2::FieldSection& section, bool too_large,
                                  bool ended) override;
  void on_refused(std::uint32_t id) override;
  void on_data(http2::ServerStream& stream, std::string_view bytes) override;
  void on_trailers(http2::ServerStream& stream, http2::FieldSection& section, bool too_large) override;
  void on_end(http2::ServerStream& stream) override;
  void on_reset(http2::ServerStream& stream, http2::ErrorCode code, bool by_peer) override;
  void on_window(http2::ServerStream& stream) override;
  void on_connection_window() override;
  void on_priority(http2::ServerStream& stream) override;

  void at_turn_end() noexcept override;

  Task<bool> read();
  bool receive();
  bool timed_out();
  TimePoint deadline() const;
  bool is_paused() const;
  bool is_done() const;
  bool is_idle() const;
  void look_again();
  void start_streams();
  void stream_ended(Http2Stream& stream);
  void release(Http2Stream& stream);
  void pump();
  void flush();
  bool send_output();
  void drop_buffers();
  void start_writer();
  Task<> write_blocked();
  void writer_ended(bool well);
  void end_streams(io::IoStatus why);
  void count_end();

  Session& session_;
  io::Reactor& reactor_;
  http2::ServerCodec codec_;
  http2::SendQueue queue_;
  std::vector<Http2Stream*> streams_, starting_;
  std::string sending_;  // that the codec has given up; the socket takes it
  std::size_t sent_of_it_ = 0;
  std::string scratch_;
  io::Waiter progress_;   // of the writer, or of the last streams
  bool writing_ = false;  // by a coroutine of its own: the socket was full
  bool reading_waits_ = false;
  bool announced_ = false, finished_ = false;  // the two GOAWAYs
  bool gave_up_ = false;                       // the codec's state may be half of something
  std::size_t dropping_ = 0;
  std::size_t head_bytes_ = 0;  // of all streams
  std::uint64_t data_sent_ = 0;
  TimePoint data_sent_last_, opened_at_, idle_since_, block_since_ = TimePoint::max(),
                                                      announced_at_ = TimePoint::max();
  io::IoStatus ended_by_ = io::IoStatus::ok;
};

}  // namespace weir::server
