// A connection to an endpoint that speaks HTTP/2 (RFC 9113): reads always, because windows bound what its streams may
// hold; gives calls their streams; looks after a connection that is silent, old or idle. It takes further calls until
// the endpoint's GOAWAY, its age or the number of its calls ends that, lives until the last one has ended, and is freed
// by its pool. Runs by events of its socket, by its timer and at the end of turns. The thread of its reactor.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "core/buffer.hpp"
#include "core/timer_wheel.hpp"
#include "http2/client_codec.hpp"
#include "io/channel.hpp"
#include "server/http2_link.hpp"

namespace weir::server {

class EndpointPool;
class Http2Call;
class Http2Pool;

class Http2EndpointConnection final : public Http2Link,
                                      private http2::ClientEvents,
                                      private io::ChannelObserver {
 public:
  /// While a call waits and nothing comes, a PING asks whether the endpoint is there ...
  static constexpr Milliseconds ping_after{2'000};
  static constexpr Milliseconds ping_timeout{5'000};
  /// ... and as long as it says nothing else, later ones follow after these times: servers of gRPC end connections
  /// that ask more often than once in five minutes, but for two times.
  static constexpr std::array<Milliseconds, 3> ping_pauses{Milliseconds{0}, Milliseconds{30'000},
                                                           Milliseconds{310'000}};
  static constexpr Milliseconds write_timeout{60'000};  // the endpoint takes nothing of what is sent
  static constexpr int reads_per_turn = 16;

  /// Of a socket that was just connected. `pool` is the one of `owner`.
  Http2EndpointConnection(std::shared_ptr<EndpointPool> owner, Http2Pool& pool,
                          std::unique_ptr<io::Stream> socket);
  ~Http2EndpointConnection();

  /// Sends the preface and begins to read. It may end within this.
  void start() noexcept;
  /// Why it ended: `shutdown` in good order; ok: it has not.
  io::IoStatus ended() const { return ended_; }
  /// Whether it can take a further call, apart from their number.
  bool is_open() const;
  /// Past its age: it is to take no further calls, and ends with its last one.
  bool is_old(TimePoint now) const { return now >= ages_at(); }
  /// It was kept without calls, and nothing has come since: it may be dead.
  bool is_unproven() const { return unproven_; }
  /// It is kept without calls, or is_unproven().
  bool may_be_dead() const { return calls_.empty() ? calls_so_far_ > 0 : unproven_; }
  bool is_tls() const { return socket_->is_tls(); }
  std::size_t calls() const { return calls_.size(); }
  std::size_t calls_max() const;
  /// What it has to send goes out at the end of this turn, as far as the socket takes it.
  http2::ClientCodec& client_codec() { return codec_; }

  void add(Http2Call& call);
  /// The call is over, whether it came to its end or not.
  void remove(Http2Call& call);
  /// A request was sent.
  void note_request() { asked_last_ = reactor().now(); }
  /// As the configuration of the latest call has it.
  void note_keepalive(const config::Keepalive& keepalive);
  /// False: it has calls.
  bool close_if_idle();
  /// Frees what a connection that has been idle does not need.
  void trim();

  void give_up(const std::exception_ptr& failure) noexcept override;

 private:
  // http2::ClientEvents
  void on_head(http2::Stream& stream, http2::FieldSection& section, bool too_large, bool ended) override;
  void on_data(http2::Stream& stream, std::string_view bytes) override;
  void on_trailers(http2::Stream& stream, http2::FieldSection& section, bool too_large) override;
  void on_end(http2::Stream& stream) override;
  void on_reset(http2::Stream& stream, http2::ErrorCode code, bool by_peer) override;
  void on_window(http2::Stream& stream) override;
  void on_connection_window() override { want_flush(); }
  void on_goaway(std::uint32_t last_id, http2::ErrorCode code) override;
  void on_capacity() override;
  void on_pong(std::string_view) override {}

  // io::ChannelObserver
  void on_unread_event(io::Channel& channel) override;

  // Http2Link
  relay::WriteBounds write_bounds() override { return {write_timeout}; }
  void output_is_empty() override {}
  void socket_is_broken(io::IoStatus why) override;
  void turn_is_over() noexcept override;

  void read() noexcept;
  bool read_some();
  void receive();
  void die(io::IoStatus why) noexcept;
  bool is_dead() const { return ended_ != io::IoStatus::ok; }
  void look() noexcept;
  void look_at_silence(TimePoint now);
  void arm();
  TimePoint ping_due() const;
  TimePoint idle_until() const;
  TimePoint ages_at() const;
  void count(bool idle, bool there);
  static void due(void* connection) { static_cast<Http2EndpointConnection*>(connection)->look(); }

  const std::shared_ptr<EndpointPool> owner_;
  Http2Pool& pool_;
  std::unique_ptr<io::Stream> socket_;
  http2::ClientCodec codec_;
  std::vector<Http2Call*> calls_;
  std::uint64_t calls_so_far_ = 0;
  ReadBuffer in_;
  std::size_t read_bytes_;  // in one go
  Timer timer_{&due, this};
  const TimePoint opened_at_;
  const std::uint32_t turn_;  // of its pool's connections
  TimePoint idle_since_;
  TimePoint heard_last_, asked_last_, pinged_last_{};
  std::uint64_t taken_at_ping_ = 0;
  std::size_t pings_in_silence_ = 0;  // without anything else that came
  bool ping_runs_ = false;
  bool unproven_ = false;
  bool closing_ = false;                   // takes no further calls
  io::IoStatus ended_ = io::IoStatus::ok;  // otherwise nothing is received any more, and calls are over
  bool gave_up_ = false;                   // the codec's state may be half of something
  std::string_view goaway_;                // what the endpoint's says that is an error, by name
  bool reads_on_ = false;  // there is more to be read, in the next turn or when less waits to be sent
};

}  // namespace weir::server
