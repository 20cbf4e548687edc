#include "relay/http1_body.hpp"

#include <algorithm>

#include "http/trailers.hpp"
#include "http1/chunked.hpp"

namespace weir::relay {

Result<void> Http1Source::take(BodyBatch& batch) {
  while (!batch.full() && !in_.empty() && !decoder_.finished()) {
    const auto step = decoder_.decode(in_.unread());
    if (!step) return step.error();
    batch.add(step->data);
    in_.consume(step->consumed);
    if (step->consumed == 0) break;
  }
  if (decoder_.finished()) batch.end(decoder_.trailers());
  return {};
}

/// Where the next read goes: behind what must stay, in a block worth the size of the body. A body of unknown
/// length gets a large block once it has filled a small one.
void Http1Source::prepare_space() {
  in_.rewind();
  if (in_.pinned()) return;
  const bool length_known = decoder_.framing().kind == http::BodyKind::length;
  const bool is_long = length_known ? decoder_.remaining() > BufferPool::small_bytes : filled_;
  const bool large = is_long && read_max_ > BufferPool::small_bytes && in_.may_be_large();
  const std::size_t bytes = large                      ? block_max_
                            : read_max_ <= probe_bytes ? probe_bytes
                                                       : BufferPool::small_bytes;
  if (in_.capacity() == bytes) return;
  in_.drop();
  in_.reserve(bytes);
}

bool Http1Source::try_read(io::IoResult& result) {
  prepare_space();
  const auto wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(std::min(in_.free_bytes(), read_max_), decoder_.remaining()));
  if (!stream_.try_read(in_.free_begin(), wanted, result)) {
    if (!in_.pinned()) in_.drop();  // a silent source holds no buffer
    return false;
  }
  if (result.ok()) {
    filled_ = result.bytes == wanted;
    in_.produced(result.bytes);
  }
  return true;
}

void Http1Source::set_read_max(std::size_t bytes) {
  read_max_ = bytes;
  if (bytes == 0 && in_.empty() && !in_.pinned()) in_.drop();
}

Task<io::IoResult> Http1Source::wait(TimePoint until) {
  co_return co_await stream_.readable(until);
}

std::span<iovec> Http1Sink::frame(BodyBatch& batch) {
  if (kind_ != http::BodyKind::chunked) return batch.parts({}, {});
  std::string_view size_line, behind;
  if (batch.data_bytes() > 0) {
    size_line = {size_line_.data(), http1::write_chunk_size(batch.data_bytes(), size_line_.data())};
    behind = http1::chunk_end;
  }
  if (batch.ended()) {
    end_ = behind;
    end_ += http1::last_chunk;
    http::append_plain_lines(end_, batch.trailers());
    end_ += http1::chunk_end;
    behind = end_;
  }
  return batch.parts(size_line, behind);
}

bool Http1Sink::try_write(BodyBatch& batch, io::IoResult& result) {
  rest_ = frame(batch);
  return rest_.empty() || stream_.try_write(rest_, result);
}

Task<PacedWrite> Http1Sink::write_rest(WriteBounds bounds) {
  bounds.pace = pace_;
  co_return co_await write_waiting(stream_, rest_, bounds);
}

Task<PacedWrite> write_batch(BodySink& sink, BodyBatch& batch, WriteBounds bounds) {
  io::IoResult at_once;
  if (sink.try_write(batch, at_once)) {
    const PacedWrite end{at_once.bytes, at_once.status};
    co_return end;
  }
  PacedWrite end = co_await sink.write_rest(bounds);
  end.bytes += at_once.bytes;
  co_return end;
}

}  // namespace weir::relay
