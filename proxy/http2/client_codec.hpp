// One connection of HTTP/2 from the client's side, without its socket (RFC 9113): Codec, and what only clients have,
// which are streams that they open as far as the endpoint allows, responses, GOAWAY and PING. The window of the
// connection is replenished when bytes arrive, that of a stream by took(): a stream whose bytes are not taken holds up
// no other, and the owner keeps at most a stream's window of each, small until it is widened. Pure. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http2/codec.hpp"

namespace weir::http2 {

struct ClientLimits : CodecLimits {
  ClientLimits() {
    section = {.bytes = 64 * 1024, .count = 256, .cookie_bytes = 4 * 1024, .cookie_count = 16};
    connection_window = 16 * 1024 * 1024;
    stream_window = 4 * 1024;  // what a client that takes nothing makes Weir keep
  }
  std::uint32_t interim_max = 16;  // heads of status 1xx of one response
};

class ClientEvents : public CodecEvents {
 public:
  /// The head of a response, informational ones (1xx) too; the owner reads `:status`. Of the final one it has to call
  /// ClientCodec::accept_final() from here: without that (or a reset, or the release) it counts as informational, which
  /// must not have `ended`. expect_length() may be called then: with 0 where no body follows whatever Content-Length
  /// says (HEAD, 204, 304). `section` may be swapped out. `too_large`: it is incomplete, and the response of no use.
  /// When `ended`, on_end() follows, or on_reset() if a length > 0 was expected.
  virtual void on_head(Stream& stream, FieldSection& section, bool too_large, bool ended) = 0;
  /// No more streams may be opened. Those above `last_id` were not processed and may be repeated anywhere (RFC 9113
  /// 6.8): without a response head they are closed on both sides and was_reset(), no event of them follows, and nothing
  /// more is sent on them. They wait for their release(); see Codec::after(). May come again, with a lower id.
  virtual void on_goaway(std::uint32_t last_id, ErrorCode code) = 0;
  /// SETTINGS have changed how many streams there may be. In any case after the first.
  virtual void on_capacity() = 0;
  /// ping() came back.
  virtual void on_pong(std::string_view payload) = 0;

 protected:
  ~ClientEvents() = default;
};

class ClientCodec final : public Codec {
 public:
  static constexpr std::uint32_t streams_before_settings =
      100;  // RFC 9113 6.5.2 advises servers not to allow fewer
  /// Of MisbehaviourBudget, for each stream that is opened: what an endpoint may do on it that costs a token.
  static constexpr std::int64_t tokens_per_stream = 2;

  /// `events` outlives the codec; not called from here. Once something is thrown by the codec (memory), it is of no
  /// use.
  ClientCodec(const ClientLimits& limits, ClientEvents& events);

  /// Queues the preface, SETTINGS and the WINDOW_UPDATE of the connection; once, before all else.
  void start();

  /// Below peer_streams_max(), no GOAWAY either way, ids left, not failed().
  bool may_open() const;
  /// SETTINGS_MAX_CONCURRENT_STREAMS; 2^32-1: no limit. Applies to streams that are not released.
  std::uint32_t peer_streams_max() const { return peer_streams_max_; }
  /// SETTINGS_MAX_HEADER_LIST_SIZE: of a request, as RFC 9113 6.5.2 counts; 2^32-1: no limit is known.
  std::uint32_t peer_list_bytes_max() const { return peer_list_bytes_max_; }
  /// The endpoint takes extended CONNECT (RFC 8441). False until its SETTINGS are here.
  bool connect_protocol() const { return connect_protocol_; }
  /// Sends a request's head: the stream is open from here to its release(). Only when may_open(). `block` is encoded
  /// without a dynamic table.
  void open(Stream& stream, std::string_view block, bool end_stream);
  /// From within on_head(): it is that of the final response.
  void accept_final(Stream& stream);
  /// `payload`: 8 bytes.
  void ping(std::string_view payload);
  /// GOAWAY without an error: no more streams are opened, those that are open go on.
  void close();

 private:
  // Codec
  Blocks kind_of_new_block() override;
  void end_head(Stream* stream) override;
  void on_setting(Setting setting, std::uint32_t value) override;
  void on_settings() override;
  void on_priority(std::uint32_t dependency) override;
  void on_priority_update(std::string_view payload) override;
  void on_goaway(std::uint32_t last_id, ErrorCode code) override;
  bool on_pong(std::string_view payload) override;

  const std::uint32_t interim_max_;
  ClientEvents& client_events_;
  std::uint32_t peer_streams_max_ = streams_before_settings;
  std::uint32_t settings_streams_max_ = UINT32_MAX;  // the same, of the SETTINGS that are being received
  std::uint32_t peer_list_bytes_max_ = UINT32_MAX;
  std::uint32_t goaway_last_id_ = stream_id_max;
  std::uint64_t pings_sent_ = 0;  // and not back
  bool settings_applied_ = false;
  bool connect_protocol_ = false;
  bool closed_ = false;
};

}  // namespace weir::http2
