#include "relay/relay_body.hpp"

#include <algorithm>

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
      if (written.too_slow) co_return too_slow(RelayEnd::Side::target);
      if (!written.ok()) {
        co_return failed(waits.whose(RelayEnd::Side::target, reactor.now()), written.status);
      }
    }
    if (batch.ended()) co_return RelayEnd{};
    if (source.has_more()) continue;

    if (++rounds % rounds_per_turn == 0) co_await io::Yield(reactor);
    if (const io::IoStatus gone = target.aborted(); gone != io::IoStatus::ok) {
      co_return failed(RelayEnd::Side::target, gone);
    }
    if (waits.is_over(reactor.now())) {
      co_return failed(waits.whose(RelayEnd::Side::source, reactor.now()), io::IoStatus::timeout);
    }
    io::IoResult received;
    const TimePoint before = reactor.now();
    bool window_over = false;
    if (!source.try_read(received)) {
      const TimePoint silent_until = std::min(before + options.read_timeout, options.deadline);
      const TimePoint due = waits.source.due(before);
      received = co_await source.wait(std::min(silent_until, due));
      window_over = received.status == io::IoStatus::timeout && due < silent_until;
    }
    const Duration waited = reactor.now() - before;
    waits.for_source += waited;
    if (!waits.source.note(received.bytes, waited)) co_return too_slow(RelayEnd::Side::source);
    if (received.status == io::IoStatus::timeout && waits.is_over(reactor.now())) {
      co_return failed(waits.whose(RelayEnd::Side::source, reactor.now()), io::IoStatus::timeout);
    }
    if (!received.ok() && !window_over) {
      const RelayEnd end = source_failed(received.status, source);
      if (!end.complete()) co_return end;
    }
  }
}

}  // namespace weir::relay
