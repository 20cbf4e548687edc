#include "http2/send_queue.hpp"

#include <algorithm>

namespace weir::http2 {

namespace {

/// `later` waits until all of `stream` is sent. Ids are those of the client, so the lower one was asked for first.
bool waits_for(const Stream& later, const Stream& stream) {
  return !later.priority.incremental && !stream.priority.incremental && stream.id() < later.id();
}

}  // namespace

std::uint8_t SendQueue::urgency_of(const Stream& stream) {
  return std::min<std::uint8_t>(stream.priority.urgency, Priority::levels - 1);
}

bool SendQueue::is_next(const Stream& stream) const {
  if (empty()) return true;
  const std::uint8_t urgency = urgency_of(stream);
  const Stream& first = front();
  return urgency < first.queue_urgency_ || (urgency == first.queue_urgency_ && waits_for(first, stream));
}

void SendQueue::push(Stream& stream) {
  if (stream.queued()) return;
  const std::uint8_t urgency = urgency_of(stream);
  stream.queue_urgency_ = urgency;
  Stream*& head = heads_[urgency];
  if (head == nullptr) {
    stream.queue_next_ = stream.queue_previous_ = head = &stream;
    occupied_ |= 1u << urgency;
    return;
  }
  Stream* behind = head;  // that it goes before; the head: at the end
  if (waits_for(*head, stream)) {
    head = &stream;
  } else {
    while (behind->queue_previous_ != head && waits_for(*behind->queue_previous_, stream)) {
      behind = behind->queue_previous_;
    }
  }
  stream.queue_next_ = behind;
  stream.queue_previous_ = behind->queue_previous_;
  behind->queue_previous_->queue_next_ = &stream;
  behind->queue_previous_ = &stream;
}

void SendQueue::rotate() {
  const Stream& stream = front();
  if (stream.priority.incremental) heads_[stream.queue_urgency_] = stream.queue_next_;
}

void SendQueue::remove(Stream& stream) {
  if (!stream.queued()) return;
  Stream*& head = heads_[stream.queue_urgency_];
  if (stream.queue_next_ == &stream) {
    head = nullptr;
    occupied_ &= ~(1u << stream.queue_urgency_);
  } else {
    stream.queue_next_->queue_previous_ = stream.queue_previous_;
    stream.queue_previous_->queue_next_ = stream.queue_next_;
    if (head == &stream) head = stream.queue_next_;
  }
  stream.queue_next_ = stream.queue_previous_ = nullptr;
}

void SendQueue::reprioritise(Stream& stream) {
  if (!stream.queued() || stream.queue_urgency_ == stream.priority.urgency) return;
  remove(stream);
  push(stream);
}

}  // namespace weir::http2
