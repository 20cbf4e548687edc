// One connection of HTTP/2 from the server's side, without its socket (RFC 9113): takes the client's bytes, reports
// requests as events, and writes frames to output(). Owns the connection's state, its windows and settings, the table
// of streams (not the streams), and the budget that bounds misbehaviour. Pure: the time is passed in. One thread.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "http2/field_receiver.hpp"
#include "http2/field_section.hpp"
#include "http2/flow_window.hpp"
#include "http2/frame.hpp"
#include "http2/misbehaviour.hpp"
#include "http2/priority.hpp"
#include "http2/server_stream.hpp"
#include "http2/stream_table.hpp"

namespace weir::http2 {

struct CodecLimits {
  std::uint32_t concurrent_streams = 100;  // of those not released yet
  SectionLimits section;
  std::uint32_t stream_window = 64 * 1024;       // bytes of a request's body on their way or not taken
  std::uint32_t connection_window = 256 * 1024;  // the same of all requests; at least window_bytes_at_start
};

/// What the codec reports while it receives, in order. Implementations may call everything of the codec but receive(),
/// release() of the stream included: nothing more is reported of it then.
class ServerEvents {
 public:
  /// A request. `section` may be swapped out. `too_large`: the section is incomplete, the owner answers 431. The stream
  /// that is returned is open from the return on, not before: nothing can be sent from here, expect_length() and
  /// `priority` can be set. When `ended`, on_end() follows, or on_reset() if a length > 0 was expected. nullptr: not
  /// taken, the codec sends RST_STREAM with the code of ServerCodec::refuse(), else REFUSED_STREAM.
  virtual ServerStream* on_request(std::uint32_t id, FieldSection& section, bool too_large, bool ended) = 0;
  /// A request past concurrent_streams, or behind finish_shutdown(): the codec resets it with REFUSED_STREAM.
  virtual void on_refused(std::uint32_t id) { static_cast<void>(id); }
  /// A run of DATA as it arrives, never empty; took() is due for each byte.
  virtual void on_data(ServerStream& stream, std::string_view bytes) = 0;
  /// on_end() follows unless the stream is reset or released from here.
  virtual void on_trailers(ServerStream& stream, FieldSection& section, bool too_large) = 0;
  virtual void on_end(ServerStream& stream) = 0;
  /// The peer reset the stream (`by_peer`), or broke a rule on it: the codec has queued RST_STREAM then. Also after
  /// on_end(). Once a stream at most. The stream waits for its release().
  virtual void on_reset(ServerStream& stream, ErrorCode code, bool by_peer) = 0;
  /// Its send window is open again (was <= 0); that of the connection may be closed.
  virtual void on_window(ServerStream& stream) = 0;
  /// The connection's is open again.
  virtual void on_connection_window() = 0;
  /// PRIORITY_UPDATE has changed stream.priority: SendQueue::reprioritise().
  virtual void on_priority(ServerStream& stream) { static_cast<void>(stream); }

 protected:
  ~ServerEvents() = default;
};

class ServerCodec {
 public:
  /// After as many requests (or resets by the client) receive() returns, so that other connections have their turn.
  static constexpr std::size_t requests_per_call = 16;
  static constexpr std::size_t continuations_max = 8;              // of one header block
  static constexpr std::size_t settings_max = 32;                  // entries of one SETTINGS frame
  static constexpr std::size_t queued_control_frames_max = 1'000;  // from there on the owner stops reading

  /// `events` outlives the codec; not called from here.
  ServerCodec(const CodecLimits& limits, ServerEvents& events);
  ServerCodec(const ServerCodec&) = delete;
  ServerCodec& operator=(const ServerCodec&) = delete;

  /// Queues SETTINGS and the WINDOW_UPDATE of the connection; once, before receive().
  void start();
  /// Takes bytes of the client, its preface first, and reports events. Returns how many were consumed: fewer than given
  /// only after requests_per_call (call again with the rest) or when failed().
  std::size_t receive(std::string_view bytes, TimePoint now);

  /// GOAWAY with an error is queued: flush output(), then close. Nothing more is received or sent.
  bool failed() const { return failed_; }
  ErrorCode error() const { return error_; }
  /// One of a fixed set in snake_case, for the log and the metric: the name of a Misbehaviour, or `preface`,
  /// `frame_size`, `padding`, `stream_id`, `stream_state`, `settings`, `flow_control`, `header_compression`,
  /// `header_block`, `header_bytes`, `continuations`, `push`, `priority`, or what fail() got. Empty unless failed().
  std::string_view error_reason() const { return error_reason_; }

  /// HEADERS came without END_HEADERS, or in part: header_timeout applies.
  bool in_header_block() const { return block_.open; }
  /// The preface and the first SETTINGS.
  bool preface_received() const { return settings_received_; }
  /// The client has acknowledged our SETTINGS.
  bool settings_acknowledged() const { return settings_acknowledged_; }
  /// The client sent GOAWAY: it opens no more streams.
  bool goaway_received() const { return goaway_received_; }
  /// Not released yet: these count against concurrent_streams.
  std::size_t streams() const { return table_.size(); }
  /// The open stream `id`, or nullptr.
  ServerStream* find(std::uint32_t id) const { return table_.find(id); }

  /// Queued bytes: the owner sends and erases them.
  std::string& output() { return output_; }
  std::size_t queued_bytes() const { return output_.size(); }
  /// Answers to the client's frames (RST_STREAM, WINDOW_UPDATE, acknowledgements) since output_flushed().
  std::size_t queued_control_frames() const { return queued_control_frames_; }
  /// output() was sent as a whole.
  void output_flushed() { queued_control_frames_ = 0; }

  // Sending appends to output(). On a stream that is local_closed(), or once failed(), nothing happens.

  /// The head of the final response, or trailers (with `end_stream`): HEADERS, and CONTINUATIONs as needed. `block` is
  /// encoded without a dynamic table.
  void send_head(ServerStream& stream, std::string_view block, bool end_stream);
  /// A head of status 1xx. Until the final head a reset by the client costs it a token, whatever was sent before.
  void send_interim(ServerStream& stream, std::string_view block);
  /// Bytes of DATA that both windows allow now.
  std::size_t sendable(const ServerStream& stream) const;
  std::size_t connection_sendable() const { return send_window_.sendable(); }
  /// The first `bytes` of `parts`, in frames of 16 KiB at most; bytes <= sendable(). No bytes: only END_STREAM.
  void send_data(ServerStream& stream, std::span<const iovec> parts, std::size_t bytes, bool end_stream);
  /// RST_STREAM. No event follows. Codes for errors of the client cost it a token, which can make the connection fail.
  void reset(ServerStream& stream, ErrorCode code);
  /// Within on_request(), before returning nullptr: the code to reset the stream with instead of REFUSED_STREAM.
  void refuse(ErrorCode code) { refusal_ = code; }
  /// Received DATA was passed on: windows are replenished, by WINDOW_UPDATE once half a window is due. Padding and DATA
  /// that was not reported are credited by the codec.
  void took(ServerStream& stream, std::size_t bytes);
  /// The owner is done with it and may destroy it: resets it if it is not closed on both sides (NO_ERROR after
  /// END_STREAM was sent, else INTERNAL_ERROR). What was not taken goes back to the connection's window. Take it out of
  /// a SendQueue before.
  void release(ServerStream& stream);

  /// GOAWAY 2^31-1 and a PING; new streams are still taken (RFC 9113 6.8).
  void announce_shutdown();
  /// The PING of announce_shutdown() came back: what was sent before the GOAWAY arrived is here.
  bool shutdown_acknowledged() const { return shutdown_acknowledged_; }
  /// GOAWAY with the last id; later streams are refused.
  void finish_shutdown();
  bool shutdown_finished() const { return shutdown_finished_; }
  /// GOAWAY by decision of the owner. `reason` lives as long as the codec. The first failure counts.
  void fail(ErrorCode code, std::string_view reason);

 private:
  /// What the next bytes are.
  enum class State : std::uint8_t {
    preface,       // `held_bytes_` of the preface were there
    frame_header,  // the next frame's
    prefix,        // pad length and priority of DATA and HEADERS
    data,          // DATA up to its padding
    fragment,      // of a header block, up to the padding
    unit,          // `unit_bytes_` that are looked at together; SETTINGS has one for each entry
    skipped,       // padding, and the rest of frames that are not read
  };
  enum class Blocks : std::uint8_t { request, trailers, ignored };
  /// The header block that is being received; over several frames, with none of others between them.
  struct Block {
    bool open = false;
    Blocks kind = Blocks::ignored;
    bool end_stream = false;
    std::uint32_t stream = 0;
    std::size_t continuations = 0;
  };
  /// PRIORITY_UPDATE that was there before its stream.
  struct EarlyPriority {
    std::uint32_t stream = 0;
    Priority priority;
  };

  static constexpr std::size_t priority_field_bytes_max =
      128;  // of PRIORITY_UPDATE; longer ones are passed over
  static constexpr std::size_t early_priorities_max = 8;
  static constexpr std::size_t window_updates_free = 5;
  static constexpr std::uint64_t window_update_bytes_min = 1024;  // credits of fewer bytes are too many
  static constexpr std::string_view shutdown_ping = "weir-bye";

  // server_codec_receive.cpp: cutting the input into frames. Each step returns false when it needs more input.
  bool step(std::string_view& input);
  bool take_preface(std::string_view& input);
  bool take_frame_header(std::string_view& input);
  bool take_prefix(std::string_view& input);
  bool take_data(std::string_view& input);
  bool take_fragment(std::string_view& input);
  bool take_unit(std::string_view& input);
  bool skip(std::string_view& input);
  void end_frame();
  const char* gather(std::string_view& input, std::size_t bytes);
  void expect_unit(std::size_t bytes);
  void begin_frame();
  void begin_padded(std::size_t more_bytes);
  void begin_settings();
  void begin_stream_frame();
  void begin_connection_frame();

  // server_codec_requests.cpp: DATA and header blocks.
  void begin_data(std::uint32_t data_bytes);
  void end_data();
  bool accepts_data(ServerStream& stream, std::uint32_t data_bytes);
  void data_on_gone_stream();
  void begin_block(const char* priority);
  Blocks kind_of_block();
  Blocks kind_of_gone_block();
  void begin_continuation();
  void end_block();
  void end_request();
  void end_trailers(ServerStream& stream);
  void remember_reset(std::uint32_t id);
  bool length_holds(const ServerStream& stream, std::uint64_t more, bool ended) const;

  // server_codec_control.cpp: the other frames.
  void on_unit(const char* bytes);
  void on_priority_frame(std::uint32_t dependency);
  void on_rst_stream(ErrorCode code);
  void on_setting(Setting setting, std::uint32_t value);
  void on_initial_window(std::uint32_t bytes);
  void end_settings();
  void on_ping(std::string_view payload);
  void on_window_update(std::uint32_t bytes);
  void on_stream_window_update(std::uint32_t bytes);
  void on_priority_update(std::string_view payload);

  // server_codec.cpp, server_codec_send.cpp
  bool idle(std::uint32_t id) const { return id % 2 == 0 || id > last_id_; }
  bool spend(Misbehaviour kind);
  /// RST_STREAM for an error of the client, and on_reset() if the owner does not know the stream as reset.
  void stream_error(ServerStream& stream, ErrorCode code, Misbehaviour kind = Misbehaviour::server_reset);
  /// The same of a stream that is not in the table.
  void stream_error(std::uint32_t id, ErrorCode code, Misbehaviour kind = Misbehaviour::server_reset);
  /// The same of the stream that the frame names, open or gone.
  void reset_named_stream(ErrorCode code);
  void queue_reset(std::uint32_t id, ErrorCode code);
  void credit_connection(std::size_t bytes);
  void credit_stream(ServerStream& stream, std::size_t bytes);
  void append_head(std::uint32_t id, std::string_view block, bool end_stream);
  void open(ServerStream& stream, std::uint32_t id, bool ended);

  const CodecLimits limits_;
  ServerEvents& events_;
  TimePoint now_{};

  State state_ = State::preface;
  FrameHeader frame_;
  std::uint32_t left_ = 0;     // bytes of the frame's payload that are still to come, padding included
  std::uint32_t padding_ = 0;  // of these
  std::size_t prefix_bytes_ = 0;
  std::size_t unit_bytes_ = 0;
  std::size_t held_bytes_ = 0;                           // of held_
  std::array<char, 4 + priority_field_bytes_max> held_;  // what is looked at together and came in parts
  ServerStream* current_ = nullptr;  // whose DATA or trailers are being received; nullptr: dropped
  Block block_;
  FieldReceiver fields_;
  std::size_t turn_left_ = 0;  // requests that this call may still report
  ErrorCode refusal_ = ErrorCode::refused_stream;

  StreamTable table_;
  std::uint32_t last_id_ = 0;        // the highest that the client used
  std::uint32_t last_taken_id_ = 0;  // the highest that on_request() took
  SendWindow send_window_;
  ReceiveWindow receive_window_;
  std::uint32_t peer_initial_window_ = window_bytes_at_start;
  std::uint32_t settings_window_ =
      window_bytes_at_start;              // the same, of the SETTINGS that are being received
  std::uint32_t initial_receive_window_;  // of a new stream; not ours before it is acknowledged
  MisbehaviourBudget budget_;
  std::uint64_t streams_opened_ = 0;
  std::uint64_t data_frames_sent_ = 0;
  std::uint64_t data_bytes_sent_ = 0;
  std::uint64_t window_updates_ = 0;
  std::uint64_t pings_ = 0;
  std::array<EarlyPriority, early_priorities_max> early_priorities_{};
  std::size_t early_priorities_seen_ = 0;

  bool settings_received_ = false;
  bool settings_acknowledged_ = false;
  bool goaway_received_ = false;
  bool shutdown_announced_ = false;
  bool shutdown_acknowledged_ = false;
  bool shutdown_finished_ = false;
  bool failed_ = false;
  ErrorCode error_ = ErrorCode::no_error;
  std::string_view error_reason_;

  std::string output_;
  std::size_t queued_control_frames_ = 0;
};

}  // namespace weir::http2
