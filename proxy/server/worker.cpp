#include "server/worker.hpp"

#include <fcntl.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <system_error>
#include <utility>

#include "core/kept_text.hpp"
#include "io/spawn.hpp"
#include "observe/log.hpp"
#include "server/exchange.hpp"
#include "server/http2_pool.hpp"
#include "server/http2_stream.hpp"
#include "server/session.hpp"

namespace weir::server {

Worker::Worker(std::size_t index, ProcessShared& shared, std::uint64_t seed)
    : index_(index),
      shared_(shared),
      rng_(seed),
      refusals_(reactor_, buffers_, draining_since_, shared.refusals_kept) {
  reactor_.set_descriptors_max(shared.worker_descriptors_max);
}

Worker::~Worker() {
  for (const auto& [endpoint, pool] : pools_) pool->retire();
}

/// Connections that are being made, or still being written to, have coroutines.
void Worker::end_pools() {
  for (const auto& [endpoint, pool] : pools_) pool->retire();
  for (const std::weak_ptr<EndpointPool>& retired : retired_pools_) {
    if (const auto pool = retired.lock()) pool->retire();
  }
  const auto some_left = [this] {
    return std::ranges::any_of(pools_, [](const auto& each) { return !each.second->is_empty(); }) ||
           std::ranges::any_of(retired_pools_, [](const auto& each) {
             const auto pool = each.lock();
             return pool && !pool->is_empty();
           });
  };
  for (int turn = 0; turn < end_turns_max && some_left(); ++turn) reactor_.run_turn();
}

void Worker::run() {
  reactor_.arm(sweep_timer_, reactor_.now() + sweep_interval);
  reactor_.run();
  acceptors_.clear();
  end_sessions();
  end_mirrors();
  end_refusals();
  end_pools();
  flush_log();
}

void Worker::install(std::shared_ptr<const Snapshot> snapshot, std::vector<ListenerSocket> sockets) {
  GenerationPtr next(new Generation);
  std::unordered_map<const upstream::ConnectionScope*, std::shared_ptr<EndpointPool>> pools;
  std::unordered_map<const WaitQueue*, std::shared_ptr<WaitLine>> lines;
  for (const UpstreamRuntime& runtime : snapshot->upstreams) {
    UpstreamView view;
    view.runtime = &runtime;
    view.counters = &metrics_.upstream(runtime.name);
    view.requests = &runtime.shared->retries.requests_of(index_);
    const auto line = lines_.find(runtime.queue.get());
    view.line = line != lines_.end() ? line->second : std::make_shared<WaitLine>(reactor_, runtime.queue);
    lines[runtime.queue.get()] = view.line;
    for (const EndpointRuntime& endpoint : runtime.endpoints) {
      auto& pool = pools[endpoint.scope.get()];
      if (!pool) {
        const auto known = pools_.find(endpoint.scope.get());
        pool = known != pools_.end() ? known->second
                                     : std::make_shared<EndpointPool>(
                                           endpoint.scope, metrics_.endpoint(runtime.name, endpoint.label),
                                           EndpointPool::Use::requests, static_cast<std::uint32_t>(rng_()));
      }
      pool->configure({runtime.config->protocol, runtime.config->h2, runtime.config->keepalive}, reactor_,
                      buffers_);
      view.pools.push_back(pool);
    }
    next->upstreams.push_back(std::move(view));
  }
  refusals_.set_retry_after(snapshot->config->server.overload.retry_after);
  std::erase_if(retired_pools_, [](const auto& each) { return each.expired(); });
  retired_pools_.reserve(retired_pools_.size() + pools_.size());
  // From here to the generation nothing needs memory: all of it is taken over, or nothing.
  for (const auto& [endpoint, pool] : pools_) {
    if (pools.contains(endpoint)) continue;
    pool->retire();
    retired_pools_.push_back(pool);
  }
  pools_ = std::move(pools);
  lines_ = std::move(lines);
  if (access_log_ != snapshot->access_log) {
    flush_log();
    access_log_ = snapshot->access_log;
  }
  next->snapshot = std::move(snapshot);
  generation_ = std::move(next);
  const auto runs_one = [](const SplitRuntime& split) { return split.rollout != nullptr; };
  if (std::ranges::none_of(generation_->snapshot->splits, runs_one)) rollouts_.clear();
  if (draining()) return;

  std::erase_if(acceptors_, [&sockets](const auto& entry) {
    return std::none_of(sockets.begin(), sockets.end(),
                        [&entry](const ListenerSocket& s) { return s.listener->slot == entry.first; });
  });
  for (ListenerSocket& item : sockets) {
    const int per_turn = item.listener->tls ? listen::tls_accepts_per_turn : listen::accepts_per_turn;
    auto on_accept = [this, listener = item.listener](io::FileDescriptor fd, const SocketAddress& peer) {
      accepted(listener, std::move(fd), peer);
    };
    if (!item.socket.valid()) {
      acceptors_.at(item.listener->slot)->set_on_accept(std::move(on_accept), per_turn);
      continue;
    }
    acceptors_[item.listener->slot] =
        std::make_unique<listen::Acceptor>(reactor_, std::move(item.socket), std::move(on_accept), per_turn,
                                           [this](int error, bool first) { accept_failed(error, first); });
  }
}

void Worker::accept_failed(int error, bool first) {
  relieve_descriptors();
  if (!first) return;
  ++metrics_.accept_backoffs;
  log(Noise::accept, config::LogLevel::error, "accept: {}; trying again every {} ms",
      std::generic_category().message(error), listen::accept_pause.count());
}

void Worker::accepted(const std::shared_ptr<const ListenerRuntime>& listener, io::FileDescriptor fd,
                      const SocketAddress& peer) {
  if (!reactor_.may_keep(fd) && relieve_descriptors() > 0) {
    fd = io::FileDescriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));  // the lowest free number
  }
  if (!fd.valid()) return;
  if (!reactor_.may_keep(fd)) return refuse(listener, std::move(fd), limit::Bound::descriptors);
  const std::uint32_t open = shared_.connections.fetch_add(1, std::memory_order_relaxed);
  const bool room_made =
      open >= shared_.connections_tight.load(std::memory_order_relaxed) && close_idle_sessions(1) > 0;
  if (open >= shared_.connections_admitted.load(std::memory_order_relaxed) && !room_made) {
    shared_.connections.fetch_sub(1, std::memory_order_relaxed);
    const bool all_taken = open >= shared_.connections_max.load(std::memory_order_relaxed);
    return refuse(listener, std::move(fd),
                  all_taken ? limit::Bound::connections : shared_.tightest.load(std::memory_order_relaxed));
  }
  ++metrics_.listener(listener->name).connections_total;
  Session::serve(*this, listener, std::move(fd), peer);
}

/// Its session ends; the connection is closed a moment later.
void Worker::refuse_client(io::Channel& client, std::shared_ptr<const ListenerRuntime> listener) {
  auto& counts = metrics_.listener(listener->name).discards;
  refusals_.refuse_client(client.release(), {std::move(listener), &counts});
}

void Worker::refuse(const std::shared_ptr<const ListenerRuntime>& listener, io::FileDescriptor fd,
                    limit::Bound why) {
  auto& counters = metrics_.listener(listener->name);
  if (why == limit::Bound::connections) ++counters.refused_total;
  ++metrics_.shed(observe::Shed::new_connection, why);
  const bool keep = why != limit::Bound::descriptors;
  refusals_.refuse(std::move(fd), {listener, &counters.discards}, why, listener->tls == nullptr, keep);
}

/// At most `most` client connections that have been idle for a while, longest first.
std::size_t Worker::close_idle_sessions(std::size_t most) {
  const limit::Bound why = shared_.tightest.load(std::memory_order_relaxed);
  std::size_t closed = 0;
  while (closed < most && !idle_sessions_.empty() && idle_sessions_.front().give_up_idle(reactor_.now())) {
    idle_sessions_.pop_front();
    ++closed;
  }
  metrics_.shed(observe::Shed::idle_connection, why) += closed;
  return closed;
}

void Worker::in_turns(const std::function<bool()>& some, const std::function<void(bool)>& done) {
  bool well = true;
  try {
    if (!some()) {
      reactor_.post([this, some, done] { in_turns(some, done); });
      return;
    }
  } catch (...) {
    io::log_failure("worker", std::current_exception());
    well = false;
  }
  done(well);
}

void Worker::look_at_queues() {
  for (const auto& [queue, line] : lines_) line->look_again();
}

std::size_t Worker::shed_idle() {
  std::size_t closed = 0;
  for (const auto& [endpoint, pool] : pools_) closed += pool->close_idle();
  return closed;
}

std::size_t Worker::relieve_descriptors() {
  const std::size_t closed = shed_idle();
  close_idle_sessions(idle_sessions_relieved);
  if (reactor_.now() >= next_relief_ && shared_.descriptors_ran_out) {
    next_relief_ = reactor_.now() + relief_interval;
    shared_.descriptors_ran_out();
  }
  return closed;
}

bool Worker::sheds_keep_alive() {
  if (shared_.pressure.load(std::memory_order_relaxed) == limit::Pressure::normal) return false;
  ++metrics_.shed(observe::Shed::keep_alive, shared_.tightest.load(std::memory_order_relaxed));
  return true;
}

void Worker::session_ended() {
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  if (draining() && sessions_.empty() && drained_) std::exchange(drained_, nullptr)();
}

void Worker::drain(std::function<void()> drained) {
  draining_since_ = reactor_.now();
  acceptors_.clear();
  drained_ = std::move(drained);
  for (Session& session : sessions_) session.drain();
  if (sessions_.empty() && drained_) std::exchange(drained_, nullptr)();
}

void Worker::close_idle(const upstream::EndpointState& endpoint) {
  for (const auto& [scope, pool] : pools_) {
    if (scope->endpoint.get() == &endpoint) pool->close_idle();
  }
}

/// Whatever still runs when the loop has been stopped ends now, with its log line.
void Worker::end_sessions() {
  for (Session& session : sessions_) session.stream().channel().abort(io::IoStatus::shutdown);
  for (int turn = 0; turn < end_turns_max && !sessions_.empty(); ++turn) reactor_.run_turn();
}

/// No client waits for a copy.
void Worker::end_mirrors() {
  mirrors_.end();
  for (int turn = 0; turn < end_turns_max && !mirrors_.empty(); ++turn) reactor_.run_turn();
}

void Worker::end_refusals() {
  refusals_.end();
  for (int turn = 0; turn < end_turns_max && refusals_.reading() > 0; ++turn) reactor_.run_turn();
}

std::unique_ptr<Exchange> Worker::take_exchange() {
  if (exchanges_.empty()) return std::make_unique<Exchange>(*this);
  auto exchange = std::move(exchanges_.back());
  exchanges_.pop_back();
  return exchange;
}

void Worker::give_back(std::unique_ptr<Exchange> exchange) {
  exchange->reset();
  if (exchanges_.size() < exchanges_kept_max) exchanges_.push_back(std::move(exchange));
}

std::unique_ptr<Http2Stream> Worker::take_stream() {
  if (streams_.empty()) return std::make_unique<Http2Stream>(*this);
  auto stream = std::move(streams_.back());
  streams_.pop_back();
  return stream;
}

void Worker::give_back(std::unique_ptr<Http2Stream> stream) {
  stream->clear();
  if (streams_.size() < streams_kept_max) streams_.push_back(std::move(stream));
}

void Worker::lend_room(std::string& text) {
  if (rooms_.empty() || !text.empty() || text.capacity() > room_bytes_min) return;
  text.swap(rooms_.back());
  rooms_.pop_back();
}

void Worker::take_room(std::string& text) {
  if (text.capacity() <= room_bytes_min) return;
  text.clear();
  if (text.capacity() <= room_bytes_max && rooms_.size() < rooms_kept_max) {
    rooms_.push_back(std::move(text));
  }
  free_text(text);
}

void Worker::log_appended() {
  if (log_buffer_.size() >= log_batch_bytes) {
    flush_log();
  } else if (!log_timer_.armed()) {
    reactor_.arm(log_timer_, reactor_.now() + log_flush_interval);
  }
}

void Worker::flush_log() {
  log_timer_.disarm();
  if (log_buffer_.empty() || access_log_ == nullptr) return;
  const auto lines = static_cast<std::uint64_t>(std::count(log_buffer_.begin(), log_buffer_.end(), '\n'));
  bool taken = false;
  try {
    taken = access_log_->submit(log_buffer_);
  } catch (const std::bad_alloc&) {
    log_buffer_.clear();
  }
  if (!taken) metrics_.access_log_dropped_lines += lines;
}

void Worker::sweep() {
  const TimePoint now = reactor_.now();
  reactor_.arm(sweep_timer_, now + sweep_interval);
  for (const auto& [endpoint, pool] : pools_) pool->expire(now);
  refusals_.expire(now);
  if (shared_.pressure.load(std::memory_order_relaxed) != limit::Pressure::normal) {
    close_idle_sessions(idle_sessions_.size() / idle_share_closed + 1);
    if (shared_.tightest.load(std::memory_order_relaxed) == limit::Bound::descriptors) shed_idle();
  }
  look_at_queues();
}

void Worker::begin_waiting_later() {
  if (!requests_timer_.armed()) reactor_.arm(requests_timer_, reactor_.now() + HeldRequests::look_interval);
}

void Worker::requests_due(void* worker) {
  auto& self = *static_cast<Worker*>(worker);
  if (self.held_requests_.begin_waiting(self.reactor_.now())) self.begin_waiting_later();
}

void Worker::flush_log_due(void* worker) {
  static_cast<Worker*>(worker)->flush_log();
}

void Worker::sweep_due(void* worker) {
  static_cast<Worker*>(worker)->sweep();
}

std::string_view Worker::http_date(std::chrono::system_clock::time_point now) {
  const std::time_t second = std::chrono::system_clock::to_time_t(now);
  if (second != date_second_) {
    date_second_ = second;
    std::tm utc{};
    gmtime_r(&second, &utc);
    char text[32];
    // The process keeps the C locale, so these are the English names that RFC 9110 5.6.7 wants.
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc));
  }
  return date_;
}

}  // namespace weir::server
