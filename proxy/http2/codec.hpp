// One connection of HTTP/2 without its socket (RFC 9113), as far as both sides are alike: takes the peer's bytes,
// reports what they say as events, and writes frames to output(). Owns the connection's state, its windows and
// settings, the table of streams (not the streams), and the budget that bounds misbehaviour. ServerCodec and
// ClientCodec add what one side has. Pure: the time is passed in. One thread.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "http2/field_receiver.hpp"
#include "http2/field_section.hpp"
#include "http2/flow_window.hpp"
#include "http2/frame.hpp"
#include "http2/misbehaviour.hpp"
#include "http2/stream.hpp"
#include "http2/stream_table.hpp"

namespace weir::http2 {

struct CodecLimits {
  SectionLimits section;
  std::uint32_t stream_window = 64 * 1024;       // bytes of a body on their way or not taken, before widen()
  std::uint32_t connection_window = 256 * 1024;  // the same of all streams; at least window_bytes_at_start
};

/// What a codec reports while it receives, in order. Implementations may call everything of the codec but receive(),
/// release() of the stream included: nothing more is reported of it then.
class CodecEvents {
 public:
  /// A run of DATA as it arrives, never empty; took() is due for each byte.
  virtual void on_data(Stream& stream, std::string_view bytes) = 0;
  /// on_end() follows unless the stream is reset or released from here.
  virtual void on_trailers(Stream& stream, FieldSection& section, bool too_large) = 0;
  virtual void on_end(Stream& stream) = 0;
  /// The peer reset the stream (`by_peer`), or broke a rule on it: the codec has queued RST_STREAM then. Also after
  /// on_end(). Once a stream at most. The stream waits for its release().
  virtual void on_reset(Stream& stream, ErrorCode code, bool by_peer) = 0;
  /// Its send window is open again (was <= 0); that of the connection may be closed.
  virtual void on_window(Stream& stream) = 0;
  /// The connection's is open again.
  virtual void on_connection_window() = 0;

 protected:
  ~CodecEvents() = default;
};

/// A piece of DATA that is sent from where it lies: behind the first `at` bytes of the output.
struct OutputRun {
  std::size_t at = 0;
  iovec bytes{};
  Stream* stream = nullptr;
};

class Codec {
 public:
  /// After as many heads of messages (or resets by the peer) receive() returns, so that other connections have their
  /// turn.
  static constexpr std::size_t heads_per_call = 16;
  static constexpr std::size_t continuations_max = 8;              // of one header block
  static constexpr std::size_t settings_max = 32;                  // entries of one SETTINGS frame
  static constexpr std::size_t run_bytes_min = 4 * 1024;           // of an OutputRun
  static constexpr std::size_t queued_control_frames_max = 1'000;  // from there on the owner stops reading

  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;

  /// Takes bytes of the peer, from the first of the connection on, and reports events. Returns how many were consumed:
  /// fewer than given only after heads_per_call (call again with the rest) or when failed().
  std::size_t receive(std::string_view bytes, TimePoint now);

  /// GOAWAY with an error is queued: flush output(), then close. Nothing more is received or sent.
  bool failed() const { return failed_; }
  ErrorCode error() const { return error_; }
  /// One of a fixed set in snake_case, for the log and the metric: the name of a Misbehaviour, or `preface`,
  /// `frame_size`, `padding`, `stream_id`, `stream_state`, `settings`, `flow_control`, `header_compression`,
  /// `header_block`, `header_bytes`, `continuations`, `push`, `priority`, or what fail() got. Empty unless failed().
  std::string_view error_reason() const { return error_reason_; }
  /// GOAWAY by decision of the owner. `reason` lives as long as the codec. The first failure counts.
  void fail(ErrorCode code, std::string_view reason);

  /// HEADERS came without END_HEADERS, or in part: a timeout of the owner applies.
  bool in_header_block() const { return block_.open; }
  /// The peer's first SETTINGS, and a client's preface before them.
  bool settings_received() const { return settings_received_; }
  /// The peer has acknowledged our SETTINGS.
  bool settings_acknowledged() const { return settings_acknowledged_; }
  bool goaway_received() const { return goaway_received_; }
  /// Not released yet.
  std::size_t streams() const { return table_.size(); }
  /// The open stream `id`, or nullptr.
  Stream* find(std::uint32_t id) const { return table_.find(id); }
  /// The open stream with the lowest id above `id`, or nullptr: for walks during which streams are released.
  Stream* after(std::uint32_t id) const { return table_.after(id); }

  /// Queued bytes: the owner sends and erases them.
  std::string& output() { return output_; }
  std::size_t queued_bytes() const { return output_.size(); }
  /// Answers to the peer's frames (RST_STREAM, WINDOW_UPDATE, acknowledgements) since output_flushed().
  std::size_t queued_control_frames() const { return queued_control_frames_; }
  /// output() was sent as a whole.
  void output_flushed() { queued_control_frames_ = 0; }

  // Sending appends to output(). On a stream that is local_closed(), or once failed(), nothing happens.

  /// The head of a final response, or trailers (with `end_stream`): HEADERS, and CONTINUATIONs as needed. `block` is
  /// encoded without a dynamic table.
  void send_head(Stream& stream, std::string_view block, bool end_stream);
  /// Bytes of DATA that both windows allow now.
  std::size_t sendable(const Stream& stream) const;
  /// The same as far as the stream's own window goes.
  std::size_t stream_sendable(const Stream& stream) const { return stream.send_window_.sendable(); }
  std::size_t connection_sendable() const { return send_window_.sendable(); }
  /// What the peer may still send on the connection.
  std::int64_t connection_receivable() const { return receive_window_.left(); }
  /// The first `bytes` of `parts`, in frames of 16 KiB at most; bytes <= sendable(). No bytes: only END_STREAM. Where
  /// `runs` is given, what lies together for run_bytes_min or more of a frame goes there and not to output().
  void send_data(Stream& stream, std::span<const iovec> parts, std::size_t bytes, bool end_stream,
                 std::vector<OutputRun>* runs = nullptr);
  /// RST_STREAM. No event follows. Codes for errors of the peer cost it a token, which can make the connection fail.
  void reset(Stream& stream, ErrorCode code);
  /// Received DATA was passed on: windows are replenished, by WINDOW_UPDATE once half a window is due. Padding and DATA
  /// that was not reported are credited by the codec.
  void took(Stream& stream, std::size_t bytes);
  /// From here on the window of the stream is larger by `bytes`, at most window_max in all: WINDOW_UPDATE at once, with
  /// what is due. Nothing happens where nothing more comes.
  void widen(Stream& stream, std::uint32_t bytes);
  /// The owner is done with it and may destroy it: resets it if it is not closed on both sides (a client with CANCEL, a
  /// server with NO_ERROR after END_STREAM was sent, else INTERNAL_ERROR). What was not taken goes back to the
  /// connection's window. Take it out of a SendQueue before.
  void release(Stream& stream);

 protected:
  enum class Role : std::uint8_t { server, client };
  enum class Blocks : std::uint8_t {
    head,  // of a request or response, informational ones too
    trailers,
    ignored,
  };
  /// The header block that is being received; over several frames, with none of others between them.
  struct Block {
    bool open = false;
    Blocks kind = Blocks::ignored;
    bool end_stream = false;
    std::uint32_t stream = 0;
    std::size_t continuations = 0;
  };

  /// `events` outlives the codec; not called from here.
  Codec(Role role, const CodecLimits& limits, CodecEvents& events);
  ~Codec() = default;

  /// The window of the connection, behind the SETTINGS.
  void announce_window();
  /// Never used yet. Both sides number streams by the client's odd ids.
  bool idle(std::uint32_t id) const { return id % 2 == 0 || id > last_id_; }
  bool spend(Misbehaviour kind);
  /// RST_STREAM for an error of the peer, and on_reset() if the owner does not know the stream as reset.
  void stream_error(Stream& stream, ErrorCode code, Misbehaviour kind);
  void stream_error(Stream& stream, ErrorCode code) { stream_error(stream, code, forced_reset()); }
  /// The same of a stream that is not in the table.
  void stream_error(std::uint32_t id, ErrorCode code, Misbehaviour kind);
  void stream_error(std::uint32_t id, ErrorCode code) { stream_error(id, code, forced_reset()); }
  /// The same of the stream that the frame names, open or gone.
  void reset_named_stream(ErrorCode code);
  void queue_reset(std::uint32_t id, ErrorCode code);
  void append_head(std::uint32_t id, std::string_view block, bool end_stream);
  /// `stream` has no id yet.
  void enter(Stream& stream, std::uint32_t id);
  bool length_holds(const Stream& stream, std::uint64_t more, bool ended) const;
  /// Once the stream of the header block is not going to be in the table, so that release() does not say it.
  void remember_reset(std::uint32_t id);

  const Role role_;
  const CodecLimits limits_;
  std::size_t turn_left_ = 0;  // heads that this call may still report
  FrameHeader frame_;          // that is being received
  Block block_;
  FieldReceiver fields_;
  StreamTable table_;
  std::uint32_t last_id_ = 0;        // the highest that the client side used
  std::uint32_t last_taken_id_ = 0;  // of these the highest that is dealt with here; for GOAWAY
  std::uint64_t streams_opened_ = 0;
  MisbehaviourBudget budget_;
  bool goaway_received_ = false;
  std::string output_;

 private:
  /// What the next bytes are.
  enum class State : std::uint8_t {
    preface,       // `held_bytes_` of a client's preface were there
    frame_header,  // the next frame's
    prefix,        // pad length and priority of DATA and HEADERS
    data,          // DATA up to its padding
    fragment,      // of a header block, up to the padding
    unit,          // `unit_bytes_` that are looked at together; SETTINGS has one for each entry
    skipped,       // padding, and the rest of frames that are not read
  };

  static constexpr std::size_t priority_field_bytes_max =
      128;  // of PRIORITY_UPDATE; longer ones are passed over
  static constexpr std::size_t window_updates_free = 5;
  static constexpr std::uint64_t window_update_bytes_min = 1024;  // credits of fewer bytes are too many

  // What each side does in its own way. None of it is called for DATA.

  /// HEADERS on a stream that is idle().
  virtual Blocks kind_of_new_block() = 0;
  /// A block of Blocks::head is complete. `stream`: where it is in the table.
  virtual void end_head(Stream* stream) = 0;
  /// A setting that the other side does not have, or takes otherwise.
  virtual void on_setting(Setting setting, std::uint32_t value) = 0;
  /// A whole SETTINGS frame, which is acknowledged.
  virtual void on_settings() {}
  /// `dependency`: the stream that the frame's depends on.
  virtual void on_priority(std::uint32_t dependency) = 0;
  virtual void on_priority_update(std::string_view payload) = 0;
  virtual void on_goaway(std::uint32_t last_id, ErrorCode code) = 0;
  /// PING came back. False: it is none of ours.
  virtual bool on_pong(std::string_view payload) = 0;

  // codec_receive.cpp: cutting the input into frames. Each step returns false when it needs more input.
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

  // codec_blocks.cpp: DATA and header blocks.
  void begin_data(std::uint32_t data_bytes);
  void end_data();
  bool accepts_data(Stream& stream, std::uint32_t data_bytes);
  void data_on_gone_stream();
  void begin_block(const char* priority);
  Blocks kind_of_block();
  Blocks kind_of_gone_block();
  void begin_continuation();
  void end_block();
  void end_trailers(Stream& stream);

  // codec_control.cpp: the other frames.
  void on_unit(const char* bytes);
  void on_setting_entry(Setting setting, std::uint32_t value);
  void on_initial_window(std::uint32_t bytes);
  void end_settings();
  void on_ping(std::string_view payload);
  void on_rst_stream(ErrorCode code);
  void on_window_update(std::uint32_t bytes);
  void on_stream_window_update(std::uint32_t bytes);

  // codec.cpp, codec_send.cpp
  /// What a reset for an error of the peer costs it.
  Misbehaviour forced_reset() const {
    return role_ == Role::server ? Misbehaviour::server_reset : Misbehaviour::stream_error;
  }
  void append_block(std::uint32_t id, std::string_view block, bool end_stream);
  void credit_connection(std::size_t bytes);
  /// Of bytes that the connection's window has not got back when they arrived.
  void credit_late(std::size_t bytes) {
    if (role_ == Role::server) credit_connection(bytes);
  }
  void credit_stream(Stream& stream, std::size_t bytes);

  CodecEvents& events_;
  TimePoint now_{};

  State state_;
  std::uint32_t left_ = 0;     // bytes of the frame's payload that are still to come, padding included
  std::uint32_t padding_ = 0;  // of these
  std::size_t prefix_bytes_ = 0;
  std::size_t unit_bytes_ = 0;
  std::size_t held_bytes_ = 0;                           // of held_
  std::array<char, 4 + priority_field_bytes_max> held_;  // what is looked at together and came in parts
  Stream* current_ =
      nullptr;  // whose DATA or header block is being received; nullptr: dropped, or not there yet

  SendWindow send_window_;
  ReceiveWindow receive_window_;
  std::uint32_t peer_initial_window_ = window_bytes_at_start;
  std::uint32_t settings_window_ =
      window_bytes_at_start;              // the same, of the SETTINGS that are being received
  std::uint32_t initial_receive_window_;  // of a new stream; not ours before it is acknowledged
  std::uint64_t data_frames_sent_ = 0;
  std::uint64_t data_bytes_sent_ = 0;
  std::uint64_t window_updates_ = 0;
  std::uint64_t pings_ = 0;

  bool table_update_due_ = false;  // the peer's table for our heads became smaller
  bool table_given_up_ = false;    // and we said that it has no bytes
  bool settings_received_ = false;
  bool settings_acknowledged_ = false;
  bool failed_ = false;
  ErrorCode error_ = ErrorCode::no_error;
  std::string_view error_reason_;

  std::size_t queued_control_frames_ = 0;
};

}  // namespace weir::http2
