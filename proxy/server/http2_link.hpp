// The sending side of a connection of HTTP/2, with a client or to an endpoint: once a turn of the loop it sends what
// the codec and all streams have written. Which of these is next: http2/send_queue.hpp. What the socket does not take
// at once a coroutine of its own writes; meanwhile output gathers, up to a bound. Owns the queue and the buffers;
// socket and codec belong to the class that derives from it. The thread of its reactor.
#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include "http2/codec.hpp"
#include "http2/send_queue.hpp"
#include "io/reactor.hpp"
#include "io/stream.hpp"
#include "relay/paced_write.hpp"
#include "server/http2_output.hpp"

namespace weir::server {

class Http2Link : private io::TurnEnd {
 public:
  static constexpr std::size_t output_target = 64 * 1024;  // bodies are added to the output up to here
  static constexpr std::size_t output_max = 512 * 1024;    // from here on the peer is not read
  static constexpr int flushes_per_turn = 4;
  /// What a stream sends at once is copied up to here; from here on it is sent from where it lies.
  static constexpr std::size_t gathered_from = 16 * 1024;

  struct SentData {
    std::size_t bytes = 0;  // with framing
    std::size_t runs = 0;   // of them: Http2Sink::note_taken() is due for each
  };

  http2::Codec& codec() { return codec_; }
  const http2::Codec& codec() const { return codec_; }
  io::Reactor& reactor() const { return reactor_; }
  void want_flush() { reactor_.at_turn_end(*this); }
  /// Whether `stream` may write without waiting for others, and may read for that.
  bool has_turn(http2::Stream& stream) const;
  /// It writes now.
  void use_turn(http2::Stream& stream);
  /// All streams of a link are Http2Message.
  void enter_queue(http2::Stream& stream);
  void leave_queue(http2::Stream& stream) { queue_.remove(stream); }
  void reprioritise(http2::Stream& stream) { queue_.reprioritise(stream); }
  std::string& scratch() { return scratch_; }
  /// The first `bytes` of `parts`, within the windows. Large ones have to stay where they are until note_taken(), or
  /// until give_up_runs().
  SentData send_data(http2::Stream& stream, std::span<const iovec> parts, std::size_t bytes, bool end);
  /// What `stream` has sent is not going to stay where it is.
  void give_up_runs(const http2::Stream& stream) noexcept;
  std::uint64_t data_sent() const { return data_sent_; }
  TimePoint data_sent_last() const { return data_sent_last_; }
  /// A coroutine writes to the socket, under bounds of its own: nothing of this may be destroyed.
  bool is_writing() const { return writing_; }
  /// There is something that goes out at the end of this turn.
  bool sends_this_turn() const { return !writing_ && !codec_.output().empty(); }
  /// For how long, in all, the peer could not send DATA since the window of the connection was closed.
  Duration window_closed_for() const;
  /// Whether streams are counted whose peer opens no window for what it is sent.
  virtual bool counts_standing() const { return false; }
  /// `stream` is one from here to end_standing().
  virtual void begin_standing(http2::Stream&) noexcept {}
  virtual void end_standing() {}
  /// Something found no memory, in the middle of a frame maybe: nothing more is sent, and all streams end.
  virtual void give_up(const std::exception_ptr& failure) noexcept = 0;

 protected:
  /// Both outlive it, and neither is used before the first want_flush(). `name`: a literal, for the log.
  Http2Link(io::Stream& socket, http2::Codec& codec, const char* name);
  ~Http2Link() = default;

  /// So much, or so many answers, waits to be sent that the peer should not be read.
  bool is_congested() const;
  bool has_output() const { return writing_ || !codec_.output().empty(); }
  std::string& sending() { return output_.text(); }
  void at_turn_end() noexcept override;

 private:
  virtual relay::WriteBounds write_bounds() = 0;
  /// Nothing is left to be sent.
  virtual void output_is_empty() = 0;
  /// A write failed. Aborts the channel.
  virtual void socket_is_broken(io::IoStatus why) { socket_.channel().abort(why); }
  /// What waits for room in the output, or for the end, may go on.
  virtual void turn_is_over() noexcept = 0;

  std::size_t queued_bytes() const { return codec_.queued_bytes() + output_.run_bytes(); }
  void grant(http2::Stream& stream);
  bool keeps_turn(http2::Stream& stream) const;
  void pump();
  void flush();
  bool send_output();
  void end_output(bool sent);
  void look_at_window();
  void start_writer();
  Task<> write_blocked();
  void writer_ended(bool well);

  io::Stream& socket_;
  http2::Codec& codec_;
  io::Reactor& reactor_;
  const char* name_;
  http2::SendQueue queue_;
  Http2Output output_;
  std::size_t left_to_write_ = 0;  // of what is sent now, when the writer began
  std::string scratch_;
  bool writing_ = false;  // by a coroutine of its own: the socket was full
  std::uint64_t data_sent_ = 0;
  TimePoint data_sent_last_;
  std::uint64_t turn_ = 1;   // of flushing
  std::size_t granted_ = 0;  // bytes that streams may add in it, which have their turn and read for it
  bool window_closed_ = false;
  TimePoint window_closed_at_{};
  Duration window_closed_before_{};
};

}  // namespace weir::server
