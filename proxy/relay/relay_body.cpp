#include "relay/relay_body.hpp"

#include <algorithm>

namespace weir::relay {
namespace {

/// The slowest pace a source may keep: bytes per window, windows one after the other.
class PaceWatch {
 public:
  PaceWatch(std::uint64_t bytes_per_second, TimePoint now) : rate_(bytes_per_second), window_start_(now) {}

  TimePoint window_end() const { return rate_ == 0 ? TimePoint::max() : window_start_ + min_rate_window; }
  void add(std::uint64_t bytes) { bytes_ += bytes; }
  /// False when the window is over and too little came in it.
  bool keeps_pace(TimePoint now) {
    if (now < window_end()) return true;
    const bool enough = bytes_ >= rate_ * static_cast<std::uint64_t>(min_rate_window.count());
    window_start_ = now;
    bytes_ = 0;
    return enough;
  }

 private:
  std::uint64_t rate_;
  TimePoint window_start_;
  std::uint64_t bytes_ = 0;
};

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
    *options.replay = {};
    return;
  }
  for (const iovec& run : gather.runs()) {
    options.replay->append(static_cast<const char*>(run.iov_base), run.iov_len);
  }
}

RelayEnd source_failed(io::IoStatus status, http::BodyDecoder& decoder) {
  RelayEnd end{RelayEnd::Side::source, status, std::nullopt};
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
  return {RelayEnd::Side::limit, io::IoStatus::ok,
          client_error(ErrorKind::body_too_large, "request body exceeds limits.body_bytes")};
}

}  // namespace

Task<RelayEnd> relay_body(io::Stream& source, ReadBuffer& in, http::BodyDecoder& decoder, io::Stream& target,
                          http::BodyKind out_kind, std::string_view head, RelayOptions options,
                          RelayProgress& progress) {
  io::Reactor& reactor = source.reactor();
  PaceWatch pace(options.min_rate, reactor.now());
  BodyGather gather;
  unsigned rounds = 0;
  bool filled = false;  // the last read used all of its space
  for (;;) {
    gather.begin(head);
    head = {};
    const auto gathered = gather.gather(decoder, in, out_kind);
    if (!gathered) {
      RelayEnd end{RelayEnd::Side::source, io::IoStatus::ok, gathered.error()};
      co_return end;
    }
    progress.body_bytes += gather.data_bytes();
    if (options.body_bytes_max != 0 && progress.body_bytes > options.body_bytes_max) co_return over_limit();
    keep_for_replay(gather, options, progress);
    if (options.copy != nullptr) options.copy->add(gather.runs(), gather.data_bytes());
    if (!gather.empty()) {
      const io::IoResult written = co_await target.write_all(gather.parts(), options.write_timeout);
      progress.written_bytes += written.bytes;
      if (!written.ok()) {
        RelayEnd end{RelayEnd::Side::target, written.status, std::nullopt};
        co_return end;
      }
    }
    if (decoder.finished()) co_return RelayEnd{};
    if (!in.empty()) continue;

    if (++rounds % rounds_per_turn == 0) co_await io::Yield(reactor);
    if (const io::IoStatus gone = target.channel().aborted(); gone != io::IoStatus::ok) {
      RelayEnd end{RelayEnd::Side::target, gone, std::nullopt};
      co_return end;
    }
    const bool length_known = decoder.framing().kind == http::BodyKind::length;
    prepare_space(in, length_known ? decoder.remaining() > BufferPool::small_bytes : filled);
    const TimePoint until =
        std::min({reactor.now() + options.read_timeout, options.deadline, pace.window_end()});
    const std::size_t wanted = read_size(in, decoder.remaining());
    io::IoResult received;
    if (!source.try_read(in.free_begin(), wanted, received)) {
      if (!in.pinned()) in.drop();  // a silent source holds no buffer
      received = co_await source.readable(until);
    }
    const bool window_over = received.status == io::IoStatus::timeout && until == pace.window_end();
    if (received.ok() && received.bytes > 0) {
      filled = received.bytes == wanted;
      in.produced(received.bytes);
      pace.add(received.bytes);
    }
    if (!pace.keeps_pace(reactor.now())) {
      RelayEnd end{RelayEnd::Side::source, io::IoStatus::timeout, std::nullopt};
      co_return end;
    }
    if (!received.ok() && !window_over) {
      RelayEnd end = source_failed(received.status, decoder);
      if (!end.complete() || out_kind != http::BodyKind::chunked) co_return end;
      // A close-delimited body ended well: the other side still has to be told.
      gather.begin("0\r\n\r\n");
      const io::IoResult written = co_await target.write_all(gather.parts(), options.write_timeout);
      progress.written_bytes += written.bytes;
      if (!written.ok()) end = {RelayEnd::Side::target, written.status, std::nullopt};
      co_return end;
    }
  }
}

}  // namespace weir::relay
