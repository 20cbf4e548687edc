#include "relay/relay_body.hpp"

#include <algorithm>

#include "core/kept_text.hpp"
#include "relay/pace.hpp"
#include "relay/paced_write.hpp"

namespace weir::relay {
namespace {

/// Where the next read goes: behind what must stay, in a block worth the size of the body. A body of unknown
/// length gets a large block once it has filled a small one.
void prepare_space(ReadBuffer& in, bool large) {
  in.rewind();
  if (in.pinned()) return;
  const std::size_t bytes = large ? BufferPool::large_bytes : BufferPool::small_bytes;
  if (in.capacity() == bytes) return;
  in.drop();
  in.reserve(bytes);
}

std::size_t read_size(const ReadBuffer& in, std::uint64_t remaining) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(in.free_bytes(), remaining));
}

void keep_for_replay(const BodyGather& gather, const RelayOptions& options, RelayProgress& progress) {
  if (options.replay == nullptr || progress.replay_overflow) return;
  if (options.replay->size() + gather.data_bytes() > options.replay_bytes_max) {
    progress.replay_overflow = true;
    free_text(*options.replay);
    return;
  }
  for (const iovec& run : gather.runs()) {
    options.replay->append(static_cast<const char*>(run.iov_base), run.iov_len);
  }
}

constexpr std::string_view close_delimited_end = "0\r\n\r\n";

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

RelayEnd source_failed(io::IoStatus status, http::BodyDecoder& decoder) {
  RelayEnd end = failed(RelayEnd::Side::source, status);
  if (status != io::IoStatus::eof) return end;
  const auto ended = decoder.end_of_stream();
  if (!ended) {
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

Task<RelayEnd> relay_body(io::Stream& source, ReadBuffer& in, http::BodyDecoder& decoder, io::Stream& target,
                          http::BodyKind out_kind, std::string_view head, RelayOptions options,
                          RelayProgress& progress) {
  io::Reactor& reactor = source.reactor();
  Waits waits(options);
  const WriteBounds bounds{options.write_timeout, options.deadline, options.target_pace};
  BodyGather gather(options.trailers);
  unsigned rounds = 0;
  bool filled = false;  // the last read used all of its space
  bool at_end = false;  // the source ended a body that has no other end
  for (;;) {
    gather.begin(head);
    head = {};
    if (at_end) {
      gather.begin(close_delimited_end);  // the other side still has to get it
    } else if (const auto gathered = gather.gather(decoder, in, out_kind); !gathered) {
      RelayEnd end{RelayEnd::Side::source, io::IoStatus::ok, false, gathered.error()};
      co_return end;
    } else {
      progress.body_bytes += gather.data_bytes();
      if (options.body_bytes_max != 0 && progress.body_bytes > options.body_bytes_max) co_return over_limit();
      keep_for_replay(gather, options, progress);
      if (options.copy != nullptr) options.copy->add(gather.runs(), gather.data_bytes());
    }
    if (std::span<iovec> parts = gather.parts(); !parts.empty()) {
      io::IoResult at_once;
      PacedWrite written;
      if (target.try_write(parts, at_once)) {
        written.status = at_once.status;
      } else {
        const TimePoint before = reactor.now();
        written = co_await write_waiting(target, parts, bounds);
        waits.for_target += reactor.now() - before;
      }
      progress.written_bytes += at_once.bytes + written.bytes;
      if (written.too_slow) co_return too_slow(RelayEnd::Side::target);
      if (!written.ok()) {
        co_return failed(waits.whose(RelayEnd::Side::target, reactor.now()), written.status);
      }
    }
    if (at_end || decoder.finished()) co_return RelayEnd{};
    if (!in.empty()) continue;

    if (++rounds % rounds_per_turn == 0) co_await io::Yield(reactor);
    if (const io::IoStatus gone = target.channel().aborted(); gone != io::IoStatus::ok) {
      co_return failed(RelayEnd::Side::target, gone);
    }
    if (waits.is_over(reactor.now())) {
      co_return failed(waits.whose(RelayEnd::Side::source, reactor.now()), io::IoStatus::timeout);
    }
    const bool length_known = decoder.framing().kind == http::BodyKind::length;
    prepare_space(in, length_known ? decoder.remaining() > BufferPool::small_bytes : filled);
    const std::size_t wanted = read_size(in, decoder.remaining());
    io::IoResult received;
    const TimePoint before = reactor.now();
    bool window_over = false;
    if (!source.try_read(in.free_begin(), wanted, received)) {
      if (!in.pinned()) in.drop();  // a silent source holds no buffer
      const TimePoint silent_until = std::min(before + options.read_timeout, options.deadline);
      const TimePoint due = waits.source.due(before);
      received = co_await source.readable(std::min(silent_until, due));
      window_over = received.status == io::IoStatus::timeout && due < silent_until;
    }
    if (received.ok() && received.bytes > 0) {
      filled = received.bytes == wanted;
      in.produced(received.bytes);
    }
    const Duration waited = reactor.now() - before;
    waits.for_source += waited;
    if (!waits.source.note(received.bytes, waited)) co_return too_slow(RelayEnd::Side::source);
    if (received.status == io::IoStatus::timeout && waits.is_over(reactor.now())) {
      co_return failed(waits.whose(RelayEnd::Side::source, reactor.now()), io::IoStatus::timeout);
    }
    if (!received.ok() && !window_over) {
      const RelayEnd end = source_failed(received.status, decoder);
      if (!end.complete() || out_kind != http::BodyKind::chunked) co_return end;
      at_end = true;  // a close-delimited body ended well
    }
  }
}

}  // namespace weir::relay
