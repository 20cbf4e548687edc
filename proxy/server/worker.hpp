// One thread, one event loop, and everything that a request needs: sockets, pools, buffers, counters, log
// buffer. What workers share is listed in ARCHITECTURE.md (Threads).
// Everything here belongs to the worker's thread, except what says otherwise.
#pragma once

#include <array>
#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/buffer.hpp"
#include "core/rng.hpp"
#include "core/task.hpp"
#include "io/reactor.hpp"
#include "limit/overload.hpp"
#include "listen/acceptor.hpp"
#include "observe/line_throttle.hpp"
#include "observe/log.hpp"
#include "observe/worker_metrics.hpp"
#include "server/generation.hpp"
#include "server/head_room.hpp"
#include "server/mirrors.hpp"
#include "server/paused_requests.hpp"
#include "server/refusals.hpp"
#include "server/request_room.hpp"
#include "server/response_room.hpp"
#include "server/rollout_counter.hpp"
#include "server/session.hpp"

namespace weir::server {

class Exchange;
class Http2Stream;

/// What a client or an endpoint can cause log lines about, as often as it likes. Each is throttled by itself, so that
/// one cannot hide the others.
enum class Noise : std::uint8_t {
  proxy_header,
  handshake,
  endpoint_tls,
  endpoint_http2,
  client_http2,
  mirror,
  accept
};
inline constexpr std::size_t noise_count = 7;

/// What all workers of the process share. Outlives them.
struct ProcessShared {
  std::atomic<std::uint32_t> connections{0};  // open client connections
  // Written by the control thread only, read at each new connection or answer: on a cache line of their own.
  alignas(64) std::atomic<std::uint32_t> connections_max{0};  // server.max_connections
  std::atomic<std::uint32_t> connections_admitted{0};         // the same, or less while something is short
  std::atomic<std::uint32_t> connections_tight{0};            // from there on a new one closes an idle one
  std::atomic<limit::Pressure> pressure{limit::Pressure::normal};
  std::atomic<limit::Bound> tightest{limit::Bound::connections};  // the bound that causes the pressure
  // Set before the workers are made.
  std::string via = "weir";  // our name in Via: of this process alone, so that a loop is noticed
  int worker_descriptors_max = std::numeric_limits<int>::max();  // those above are the control thread's
  std::size_t refusals_kept = Refusals::kept_max;                // a worker
  std::function<void()> descriptors_ran_out;                     // any worker thread
};

/// A listening socket on its way to a worker.
struct ListenerSocket {
  std::shared_ptr<const ListenerRuntime> listener;
  io::FileDescriptor socket;  // invalid: the worker already listens there
};

class Worker {
 public:
  static constexpr std::size_t log_batch_bytes = 32 * 1024;  // handed to the writer when that full ...
  static constexpr Milliseconds log_flush_interval{100};     // ... or that old
  static constexpr Milliseconds sweep_interval{1000};        // idle endpoint connections
  static constexpr Milliseconds idle_grace{1000};            // a younger idle connection is not given up
  static constexpr Milliseconds relief_interval{100};        // between two calls for descriptors
  static constexpr std::size_t idle_share_closed =
      4;  // of the idle ones, each sweep under pressure: one in four
  static constexpr std::size_t idle_sessions_relieved = 16;
  static constexpr std::size_t exchanges_kept_max = 256;
  static constexpr std::size_t streams_kept_max = 256;
  static constexpr std::size_t rooms_kept_max = 32;          // texts, of up to ...
  static constexpr std::size_t room_bytes_max = 128 * 1024;  // ... this capacity
  static constexpr std::size_t room_bytes_min = 1024;        // less is left where it is
  static constexpr int end_turns_max = 64;                   // of the loop, for aborted sessions to unwind

  Worker(std::size_t index, ProcessShared& shared, std::uint64_t seed);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// The thread's body: serves until stop(), then ends every connection that is left.
  void run();
  /// Any thread.
  void stop() { reactor_.stop(); }
  /// Any thread.
  void post(std::function<void()> work) { reactor_.post(std::move(work)); }

  // Control messages, run on the worker by post().

  /// From now on new requests use `snapshot`; `sockets` are the listeners to serve, those that are missing
  /// close.
  void install(std::shared_ptr<const Snapshot> snapshot, std::vector<ListenerSocket> sockets);
  /// Accepts nothing more, closes idle connections, lets running requests finish; `drained` is called once
  /// when no connection is left.
  void drain(std::function<void()> drained);
  /// Closes the idle connections to that endpoint, if this worker has any.
  void close_idle(const upstream::EndpointState& endpoint);

  /// Does `some` now and once in each of the next turns, until it returns true; then `done`, with whether it came that
  /// far. `some` does a bounded amount of work, so that requests do not wait for it. What it throws ends it.
  void in_turns(const std::function<bool()>& some, const std::function<void(bool)>& done);

  /// An operator's override has changed which endpoints may be waited for, and which requests wait in vain.
  void look_at_queues();

  /// What was counted for rollouts since the last call.
  std::vector<RolloutCounts> take_rollout_counts() { return rollouts_.take(); }

  /// Closes idle connections to endpoints; returns how many.
  std::size_t shed_idle();
  /// Something found no descriptor: gives up what idles here, and calls for the other workers to do the same.
  /// Returns how many descriptors are free now for that.
  std::size_t relieve_descriptors();

  // For sessions and exchanges.

  io::Reactor& reactor() { return reactor_; }
  BufferPool& buffers() { return buffers_; }
  Rng& rng() { return rng_; }
  observe::WorkerMetrics& metrics() { return metrics_; }
  RolloutCounter& rollouts() { return rollouts_; }
  const GenerationPtr& generation() const { return generation_; }
  bool draining() const { return draining_since_ != TimePoint::max(); }
  /// TimePoint::max() before a drain begins.
  const TimePoint& draining_since() const { return draining_since_; }
  /// Whether an answer that could keep its connection ends it, because the process is near a bound. Counts it.
  bool sheds_keep_alive();
  std::size_t index() const { return index_; }
  /// Open connections of its clients.
  std::size_t connections() const { return sessions_.size(); }
  const std::string& via() const { return shared_.via; }
  ProcessShared& shared() { return shared_; }

  std::unique_ptr<Exchange> take_exchange();
  void give_back(std::unique_ptr<Exchange> exchange);
  std::unique_ptr<Http2Stream> take_stream();
  void give_back(std::unique_ptr<Http2Stream> stream);
  /// Room for the output of a connection that has requests; nothing happens to a text that has bytes or room.
  void lend_room(std::string& text);
  /// And back, from one that has none.
  void take_room(std::string& text);
  Mirrors& mirrors() { return mirrors_; }
  PausedRequests& paused() { return paused_; }
  HeldResponses& held_responses() { return held_responses_; }
  HeldHeads& held_heads() { return held_heads_; }
  HeldRequests& held_requests() { return held_requests_; }
  /// A request waits for room there: looks again soon, for as long as one does.
  void begin_waiting_later();

  /// Where an access-log line is appended; null when the log is off. Call log_appended() after it.
  std::string* log_buffer() { return access_log_ ? &log_buffer_ : nullptr; }
  void log_appended();

  /// A line that a client or an endpoint can cause: at most one of its kind each LineThrottle::interval, so that they
  /// do not fill the disk.
  template <class... Args>
  void log(Noise about, config::LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (!observe::log_enabled(level)) return;
    const auto withheld = throttles_[static_cast<std::size_t>(about)].admit(reactor_.now());
    if (!withheld) {
      ++metrics_.log_lines_withheld;
      return;
    }
    std::string line = fmt::format(format, std::forward<Args>(args)...);
    if (*withheld > 0) line += fmt::format(" ({} lines like it withheld)", *withheld);
    observe::log_line(level, line);
  }

  /// The Date field's value, renewed each second (RFC 9110 6.6.1).
  std::string_view http_date(std::chrono::system_clock::time_point now);

 private:
  friend class Session;
  void accepted(const std::shared_ptr<const ListenerRuntime>& listener, io::FileDescriptor fd,
                const SocketAddress& peer);
  void refuse_client(io::Channel& client, std::shared_ptr<const ListenerRuntime> listener);
  void refuse(const std::shared_ptr<const ListenerRuntime>& listener, io::FileDescriptor fd,
              limit::Bound why);
  std::size_t close_idle_sessions(std::size_t most);
  void accept_failed(int error, bool first);
  void session_ended();
  void end_sessions();
  void end_mirrors();
  void end_refusals();
  void end_pools();
  void flush_log();
  void sweep();
  static void flush_log_due(void* worker);
  static void sweep_due(void* worker);
  static void requests_due(void* worker);

  const std::size_t index_;
  ProcessShared& shared_;
  io::Reactor reactor_;
  BufferPool buffers_;
  Rng rng_;
  observe::WorkerMetrics metrics_;
  RolloutCounter rollouts_;
  GenerationPtr generation_;
  std::unordered_map<const upstream::ConnectionScope*, std::shared_ptr<EndpointPool>> pools_;
  std::vector<std::weak_ptr<EndpointPool>> retired_pools_;  // that calls and connections may still have
  std::unordered_map<const WaitQueue*, std::shared_ptr<WaitLine>> lines_;
  std::unordered_map<std::size_t, std::unique_ptr<listen::Acceptor>> acceptors_;  // by listener slot
  boost::intrusive::list<Session, boost::intrusive::constant_time_size<true>> sessions_;
  Mirrors mirrors_{*this};
  PausedRequests paused_{reactor_};
  HeldResponses held_responses_;
  HeldHeads held_heads_;
  HeldRequests held_requests_;
  IdleSessions idle_sessions_;  // longest idle first
  TimePoint draining_since_ = TimePoint::max();
  Refusals refusals_;
  TimePoint next_relief_{};
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<std::unique_ptr<Http2Stream>> streams_;
  std::vector<std::string> rooms_;  // for the outputs of connections of HTTP/2
  std::shared_ptr<observe::LogWriter> access_log_;
  std::string log_buffer_;
  Timer log_timer_{&Worker::flush_log_due, this};
  Timer sweep_timer_{&Worker::sweep_due, this};
  Timer requests_timer_{&Worker::requests_due, this};
  std::array<observe::LineThrottle, noise_count> throttles_{};
  std::string date_;
  std::int64_t date_second_ = -1;
  std::function<void()> drained_;
};

}  // namespace weir::server
