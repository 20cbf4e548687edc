// Bodies of HTTP/1 messages, as source and sink: framed by length, in chunks, or by the end of the connection (RFC 9112
// 6). Worker thread.
#pragma once

#include <array>
#include <span>
#include <string>

#include "core/buffer.hpp"
#include "http1/body.hpp"
#include "io/stream.hpp"
#include "relay/body.hpp"

namespace weir::relay {

/// What a tunnel reads: whatever comes, until its stream ends.
inline constexpr http::Framing tunnel_framing{http::BodyKind::until_close, 0};

/// A body that comes from `stream` through `in`, which has what was read already. Both outlive it. Long bodies are read
/// in blocks of `block_max`, as far as the pool has large ones to lend.
class Http1Source final : public BodySource {
 public:
  Http1Source(io::Stream& stream, ReadBuffer& in, const http::Framing& framing, Origin origin,
              std::size_t block_max = BufferPool::large_bytes)
      : stream_(stream), in_(in), decoder_(framing, origin), block_max_(block_max) {}

  Result<void> take(BodyBatch& batch) override;
  bool finished() const override { return decoder_.finished(); }
  bool has_more() const override { return !in_.empty(); }
  bool try_read(io::IoResult& result) override;
  Task<io::IoResult> wait(TimePoint until) override;
  Result<void> end_of_stream() override { return decoder_.end_of_stream(); }
  std::string_view trailers() const override { return decoder_.trailers(); }
  void set_read_max(std::size_t bytes) override;

  const http1::BodyDecoder& decoder() const { return decoder_; }
  http1::BodyDecoder& decoder() { return decoder_; }

 private:
  void prepare_space();

  io::Stream& stream_;
  ReadBuffer& in_;
  http1::BodyDecoder decoder_;
  std::size_t block_max_;
  std::size_t read_max_ = read_unbounded;
  bool filled_ = false;  // the last read used all of its space
};

/// A body that goes to `stream`, framed as `kind`. A client has a pace to keep; an endpoint has none (null).
class Http1Sink final : public BodySink {
 public:
  Http1Sink(io::Stream& stream, http::BodyKind kind, TakenPace* pace)
      : stream_(stream), kind_(kind), pace_(pace) {}

  bool try_write(BodyBatch& batch, io::IoResult& result) override;
  Task<PacedWrite> write_rest(WriteBounds bounds) override;
  io::IoStatus aborted() const override { return stream_.channel().aborted(); }
  void finish() override { stream_.finish_writing(); }
  void abort(io::IoStatus reason) override { stream_.channel().abort(reason); }
  io::Reactor& reactor() const override { return stream_.reactor(); }

 private:
  std::span<iovec> frame(BodyBatch& batch);

  io::Stream& stream_;
  http::BodyKind kind_;
  TakenPace* pace_;
  std::span<iovec> rest_;
  std::array<char, 20> size_line_;
  std::string end_;  // of the last run: its line end, the last chunk, trailers
};

}  // namespace weir::relay
