#include "relay/relay_body.hpp"

#include <algorithm>
#include <utility>

#include "core/kept_text.hpp"
#include "relay/pace.hpp"

namespace weir::relay {
namespace {

void keep_for_replay(const BodyBatch& batch, const RelayOptions& options, RelayProgress& progress) {
  if (options.replay == nullptr || progress.replay_overflow) return;
  if (options.replay->size() + batch.data_bytes() > options.replay_bytes_max) {
    progress.replay_overflow = true;
    free_text(*options.replay);
    return;
  }
  for (const iovec& run : batch.runs()) {
    options.replay->append(static_cast<const char*>(run.iov_base), run.iov_len);
  }
}

/// How long each side was waited for, and whether it keeps its pace.
struct Waits {
  explicit Waits(const RelayOptions& options)
      : deadline(options.deadline), source(options.source_min_rate, source_rate_window) {}

  bool is_over(TimePoint now) const { return now >= deadline; }
  /// Whose doing an end is that `side` met: once the time for all is over it is that of the side that took most of it.
  RelayEnd::Side whose(RelayEnd::Side side, TimePoint now) const {
    if (!is_over(now)) return side;
    return for_target > for_source ? RelayEnd::Side::target : RelayEnd::Side::source;
  }

  TimePoint deadline;
  Pace source;
  Duration for_source{}, for_target{};
  Duration silence{};  // of the source, since something came, as far as it could send
};

RelayEnd failed(RelayEnd::Side side, io::IoStatus status) {
  return {side, status, false, std::nullopt};
}

RelayEnd too_slow(RelayEnd::Side side) {
  return {side, io::IoStatus::timeout, true, std::nullopt};
}

/// A read failed. Complete where that is how the body ends.
RelayEnd source_failed(io::IoStatus status, BodySource& source) {
  RelayEnd end = failed(RelayEnd::Side::source, status);
  if (status != io::IoStatus::eof) return end;
  if (const auto ended = source.end_of_stream(); !ended) {
    end.error = ended.error();
  } else {
    end.side = RelayEnd::Side::none;
  }
  return end;
}

RelayEnd over_limit() {
  return {RelayEnd::Side::limit, io::IoStatus::ok, false,
          client_error(ErrorKind::body_too_large, "request body exceeds limits.body_bytes")};
}

/// How a write ended that did not go well.
std::optional<RelayEnd> target_failed(const PacedWrite& written, const Waits& waits, TimePoint now) {
  if (written.too_slow) return too_slow(RelayEnd::Side::target);
  if (!written.ok()) return failed(waits.whose(RelayEnd::Side::target, now), written.status);
  return std::nullopt;
}

struct SourceWait {
  io::IoResult received;
  Duration waited{};      // without the time in which a window of ours was closed
  Duration paced{};       // of that, what its pace is measured over
  bool is_early = false;  // it ended before the source was silent for too long
};

/// One wait for the source, which a look at its pace may end early. What holds its peer back then is that others do not
/// take what it has sent: no silence of its own.
Task<SourceWait> wait_for_source(BodySource& source, const RelayOptions& options, Waits& waits,
                                 const io::Reactor& reactor) {
  const TimePoint before = reactor.now();
  const Duration held_before = source.held_back();
  const TimePoint silent_until = std::min(before + (options.read_timeout - waits.silence), options.deadline);
  SourceWait wait;
  const bool owed = source.owes_more();
  const TimePoint until = owed ? std::min(silent_until, waits.source.due(before)) : silent_until;
  wait.received = co_await source.wait(until);
  const Duration all = reactor.now() - before;
  const Duration held = std::min<Duration>(all, source.held_back() - held_before);
  wait.waited = all - held;
  if (owed) wait.paced = wait.waited;
  waits.for_source += wait.waited;
  waits.for_target += held;
  waits.silence += wait.waited;
  // A source that was aborted may say timeout, too.
  wait.is_early = wait.received.status == io::IoStatus::timeout && reactor.now() >= until &&
                  waits.silence < options.read_timeout;
  co_return wait;
}

}  // namespace

Task<RelayEnd> relay_body(BodySource& source, BodySink& target, std::string_view head, RelayOptions options,
                          RelayProgress& progress) {
  io::Reactor& reactor = target.reactor();
  Waits waits(options);
  const WriteBounds bounds{options.write_timeout, options.deadline};
  BodyBatch batch;
  std::string trailers;
  unsigned rounds = 0;
  for (;;) {
    batch.begin(head);
    head = {};
    if (!options.resend.empty()) {
      // Alone: `replay` is what it lies in, and may move when more is added to it.
      batch.add(std::exchange(options.resend, {}));
    } else {
      if (const auto taken = source.take(batch); !taken) {
        RelayEnd end{RelayEnd::Side::source, io::IoStatus::ok, false, taken.error()};
        co_return end;
      }
      if (!batch.trailers().empty()) {
        trailers = http::forwardable_trailers(batch.trailers(), options.trailers);
        batch.end(trailers);
      }
      progress.body_bytes += batch.data_bytes();
      if (options.body_bytes_max != 0 && progress.body_bytes > options.body_bytes_max) co_return over_limit();
      keep_for_replay(batch, options, progress);
      if (options.copy != nullptr) options.copy->add(batch.runs(), batch.data_bytes());
    }
    if (!batch.empty()) {
      io::IoResult at_once;
      PacedWrite written;
      if (target.try_write(batch, at_once)) {
        written.status = at_once.status;
      } else {
        const TimePoint before = reactor.now();
        written = co_await target.write_rest(bounds);
        waits.for_target += reactor.now() - before;
      }
      progress.written_bytes += at_once.bytes + written.bytes;
      if (auto end = target_failed(written, waits, reactor.now())) co_return *std::move(end);
    }
    if (batch.ended()) co_return RelayEnd{};
    if (source.has_more()) continue;

    if (++rounds % rounds_per_turn == 0) co_await io::Yield(reactor);
    if (!target.has_turn()) {
      source.set_read_max(0);
      batch.begin({});
      const TimePoint before = reactor.now();
      const PacedWrite turn = co_await write_batch(target, batch, bounds);
      waits.for_target += reactor.now() - before;
      if (auto end = target_failed(turn, waits, reactor.now())) co_return *std::move(end);
    }
    if (const io::IoStatus gone = target.aborted(); gone != io::IoStatus::ok) {
      co_return failed(RelayEnd::Side::target, gone);
    }
    if (waits.is_over(reactor.now())) {
      co_return failed(waits.whose(RelayEnd::Side::source, reactor.now()), io::IoStatus::timeout);
    }
    source.set_read_max(target.read_max());
    SourceWait wait;
    if (!source.try_read(wait.received)) wait = co_await wait_for_source(source, options, waits, reactor);
    if (wait.received.ok()) waits.silence = {};
    if (!waits.source.note(wait.received.bytes, wait.paced)) co_return too_slow(RelayEnd::Side::source);
    if (wait.received.status == io::IoStatus::timeout && waits.is_over(reactor.now())) {
      co_return failed(waits.whose(RelayEnd::Side::source, reactor.now()), io::IoStatus::timeout);
    }
    if (!wait.received.ok() && !wait.is_early) {
      const RelayEnd end = source_failed(wait.received.status, source);
      if (!end.complete()) co_return end;
    }
  }
}

}  // namespace weir::relay
