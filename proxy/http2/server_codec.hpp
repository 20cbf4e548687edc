// One connection of HTTP/2 from the server's side, without its socket (RFC 9113): Codec, and what only servers have,
// which are requests and their bound, the two steps of a shutdown, and priorities (RFC 9218). Pure. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http2/codec.hpp"
#include "http2/priority.hpp"

namespace weir::http2 {

struct ServerLimits : CodecLimits {
  std::uint32_t concurrent_streams = 100;  // of those not released yet
};

class ServerEvents : public CodecEvents {
 public:
  /// A request. `section` may be swapped out. `too_large`: the section is incomplete, the owner answers 431. The stream
  /// that is returned is open from the return on, not before: nothing can be sent from here, expect_length() and
  /// `priority` can be set. When `ended`, on_end() follows, or on_reset() if a length > 0 was expected. nullptr: not
  /// taken, the codec sends RST_STREAM with the code of ServerCodec::refuse(), else REFUSED_STREAM.
  virtual Stream* on_request(std::uint32_t id, FieldSection& section, bool too_large, bool ended) = 0;
  /// A request past concurrent_streams, or behind finish_shutdown(): the codec resets it with REFUSED_STREAM.
  virtual void on_refused(std::uint32_t id) { static_cast<void>(id); }
  /// The client's GOAWAY: it wants no more pushes, and tells of its `code`.
  virtual void on_goaway(ErrorCode code) { static_cast<void>(code); }
  /// PRIORITY_UPDATE has changed stream.priority: SendQueue::reprioritise().
  virtual void on_priority(Stream& stream) { static_cast<void>(stream); }

 protected:
  ~ServerEvents() = default;
};

class ServerCodec final : public Codec {
 public:
  /// `events` outlives the codec; not called from here.
  ServerCodec(const ServerLimits& limits, ServerEvents& events);

  /// Queues SETTINGS and the WINDOW_UPDATE of the connection; once, before receive().
  void start();

  /// A head of status 1xx. Until the final head a reset by the client costs it a token, whatever was sent before.
  void send_interim(Stream& stream, std::string_view block);
  /// Within on_request(), before returning nullptr: the code to reset the stream with instead of REFUSED_STREAM.
  void refuse(ErrorCode code) { refusal_ = code; }
  /// A request that was not begun: REFUSED_STREAM, as with one past the bound.
  void refuse(Stream& stream);

  /// GOAWAY 2^31-1 and a PING; new streams are still taken (RFC 9113 6.8).
  void announce_shutdown();
  /// The PING of announce_shutdown() came back: what was sent before the GOAWAY arrived is here.
  bool shutdown_acknowledged() const { return shutdown_acknowledged_; }
  /// GOAWAY with the last id; later streams are refused.
  void finish_shutdown();
  bool shutdown_finished() const { return shutdown_finished_; }

 private:
  /// PRIORITY_UPDATE that was there before its stream.
  struct EarlyPriority {
    std::uint32_t stream = 0;
    Priority priority;
  };

  static constexpr std::size_t early_priorities_max = 8;
  static constexpr std::string_view shutdown_ping = "weir-bye";

  // Codec
  Blocks kind_of_new_block() override;
  void end_head(Stream* stream) override;
  void on_setting(Setting setting, std::uint32_t value) override;
  void on_priority(std::uint32_t dependency) override;
  void on_priority_update(std::string_view payload) override;
  void on_goaway(std::uint32_t last_id, ErrorCode code) override;
  bool on_pong(std::string_view payload) override;

  void open(Stream& stream, std::uint32_t id, bool ended);
  bool refusal_is_free();

  const std::uint32_t concurrent_streams_;
  ServerEvents& server_events_;
  /// Requests past the bound that cost no token: those that were on their way when SETTINGS came, or whose client takes
  /// a stream for closed that is not released yet.
  std::size_t refusals_free_;
  ErrorCode refusal_ = ErrorCode::refused_stream;
  std::array<EarlyPriority, early_priorities_max> early_priorities_{};
  std::size_t early_priorities_seen_ = 0;
  bool shutdown_announced_ = false;
  bool shutdown_acknowledged_ = false;
  bool shutdown_finished_ = false;
};

}  // namespace weir::http2
