#include "server/http2_body.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "core/kept_text.hpp"
#include "server/http2_link.hpp"
#include "server/http2_message.hpp"

namespace weir::server {

void Http2Body::begin(Http2Message& stream, bool ended) {
  stream_ = &stream;
  ended_ = end_taken_ = ended;
}

void Http2Body::clear() {
  for (Block& block : blocks_) release(block);
  blocks_.clear();
  unread_ = handed_out_ = uncounted_ = 0;
  ended_ = end_taken_ = false;
  broken_ = io::IoStatus::ok;
  error_.reset();
  empty_text(trailers_);
  stream_ = nullptr;
}

/// Nothing has changed where there is no memory for it.
void Http2Body::add(std::string_view bytes) {
  const std::size_t added = bytes.size();
  const std::size_t room = blocks_.empty() ? 0 : blocks_.back().capacity - blocks_.back().end;
  const std::string_view rest = bytes.substr(std::min(room, added));
  if (!rest.empty()) {
    Block block = acquire(rest.size());
    std::memcpy(block.bytes.get(), rest.data(), rest.size());
    block.end = rest.size();
    blocks_.push_back(std::move(block));
  }
  if (const std::size_t fits = added - rest.size(); fits > 0) {
    Block& partly = rest.empty() ? blocks_.back() : blocks_[blocks_.size() - 2];
    std::memcpy(partly.bytes.get() + partly.end, bytes.data(), fits);
    partly.end += fits;
  }
  unread_ += added;
  uncounted_ += added;
  arrival_.notify();
}

Http2Body::Block Http2Body::acquire(std::size_t bytes) {
  assert(bytes <= BufferPool::small_bytes);  // part of one frame
  Block block;
  if (spare_.capacity >= bytes) {
    std::swap(block, spare_);
    return block;
  }
  block.capacity = bytes >= pooled_from ? BufferPool::small_bytes : std::max(block_min, bytes);
  block.bytes = buffers_.acquire(block.capacity);
  return block;
}

void Http2Body::release(Block& block) {
  if (spare_.bytes == nullptr && block.capacity <= spare_max) {
    spare_ = {std::move(block.bytes), block.capacity};
  } else {
    buffers_.release(std::move(block.bytes), block.capacity);
  }
}

void Http2Body::end() {
  ended_ = true;
  arrival_.notify();
}

void Http2Body::break_off(io::IoStatus why) {
  if (broken_ == io::IoStatus::ok) broken_ = why;
  arrival_.notify(why);
}

void Http2Body::break_off(Error error) {
  if (!error_) error_ = std::move(error);
  arrival_.notify();
}

Result<void> Http2Body::take(relay::BodyBatch& batch) {
  if (error_) return *error_;
  for (Block& block : blocks_) {
    if (batch.full()) break;
    const std::size_t bytes = block.end - block.begin;
    batch.add({block.bytes.get() + block.begin, bytes});
    block.begin = block.end;
    unread_ -= bytes;
    handed_out_ += bytes;
  }
  if (ended_ && unread_ == 0) {
    end_taken_ = true;
    batch.end(trailers_);
  }
  return {};
}

std::size_t Http2Body::drop() {
  for (Block& block : blocks_) block.begin = block.end;
  const std::size_t dropped = std::exchange(unread_, 0);
  handed_out_ += dropped;
  uncounted_ = 0;
  credit();
  return dropped;
}

/// What was handed out was passed on by now: its blocks are free, and the peer may send as much again.
void Http2Body::credit() {
  if (handed_out_ == 0) return;
  const auto kept = std::find_if(blocks_.begin(), blocks_.end(),
                                 [](const Block& block) { return block.begin != block.end; });
  for (auto block = blocks_.begin(); block != kept; ++block) release(*block);
  blocks_.erase(blocks_.begin(), kept);
  stream_->took(std::exchange(handed_out_, 0));
}

io::IoResult Http2Body::arrived() {
  return {std::exchange(uncounted_, 0), io::IoStatus::ok};
}

bool Http2Body::try_read(io::IoResult& result) {
  credit();
  if (has_more()) {
    result = arrived();
    return true;
  }
  if (broken_ == io::IoStatus::ok) return false;
  result = {0, broken_};
  return true;
}

Task<io::IoResult> Http2Body::wait(TimePoint until) {
  const io::IoStatus status = co_await arrival_.until(until);
  io::IoResult result = arrived();
  result.status = status;
  co_return result;
}

Duration Http2Body::held_back() const {
  return stream_->link().window_closed_for();
}

/// Never asked: a stream's end is part of what take() gives.
Result<void> Http2Body::end_of_stream() {
  return client_error(ErrorKind::client_gone, "the client left");
}

}  // namespace weir::server
