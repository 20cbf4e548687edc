#include "http2/send_queue.hpp"

#include <algorithm>

namespace weir::http2 {

void SendQueue::push(ServerStream& stream) {
  if (stream.queued()) return;
  const std::uint8_t urgency = std::min<std::uint8_t>(stream.priority.urgency, Priority::levels - 1);
  stream.queue_urgency_ = urgency;
  ServerStream*& head = heads_[urgency];
  if (head == nullptr) {
    stream.queue_next_ = stream.queue_previous_ = head = &stream;
    occupied_ |= 1u << urgency;
    return;
  }
  stream.queue_next_ = head;
  stream.queue_previous_ = head->queue_previous_;
  head->queue_previous_->queue_next_ = &stream;
  head->queue_previous_ = &stream;
}

void SendQueue::rotate() {
  const ServerStream& stream = front();
  if (stream.priority.incremental) heads_[stream.queue_urgency_] = stream.queue_next_;
}

void SendQueue::remove(ServerStream& stream) {
  if (!stream.queued()) return;
  ServerStream*& head = heads_[stream.queue_urgency_];
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

void SendQueue::reprioritise(ServerStream& stream) {
  if (!stream.queued() || stream.queue_urgency_ == stream.priority.urgency) return;
  remove(stream);
  push(stream);
}

}  // namespace weir::http2
