// What a codec of either side keeps of one stream: its state (RFC 9113 5.1), windows and place in the send queue. The
// owner derives its own stream from it, so that nothing is looked up twice and nothing is allocated by the codec. May
// be used again for another request after Codec::release(). One thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "http2/flow_window.hpp"
#include "http2/priority.hpp"

namespace weir::http2 {

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// 0 unless it is open: from the end of ServerEvents::on_request(), or ClientCodec::open(), to release().
  std::uint32_t id() const { return id_; }
  /// END_STREAM or RST_STREAM was received: no more events of the message follow.
  bool remote_closed() const { return remote_closed_; }
  /// END_STREAM or RST_STREAM was sent, or is queued: what is sent on it from now on is dropped.
  bool local_closed() const { return local_closed_; }
  /// By either side.
  bool was_reset() const { return reset_by_us_ || reset_by_peer_; }
  bool head_sent() const { return head_sent_; }
  /// The head of the request, or of the final response.
  bool head_received() const { return head_received_; }
  /// Content-Length of what is received: DATA must add up to it (RFC 9113 8.1.1). From within on_request() or
  /// on_head().
  void expect_length(std::uint64_t bytes) {
    expected_bytes_ = bytes;
    length_known_ = true;
  }
  /// The rest of a body of known length needs no window beyond the one that the peer has.
  bool rest_fits_window() const {
    return length_known_ &&
           static_cast<std::int64_t>(expected_bytes_ - received_bytes_) <= receive_window_.left();
  }
  /// DATA received so far, without padding.
  std::uint64_t received_bytes() const { return received_bytes_; }
  /// What of it was reported by on_data() and not yet by took().
  std::size_t untaken_bytes() const { return untaken_bytes_; }
  /// How much of the message may be on its way, or not taken; 0 unless it is open.
  std::uint32_t window() const { return window_; }
  /// In a SendQueue.
  bool queued() const { return queue_next_ != nullptr; }

  /// Set by the owner from the `priority` field within on_request(), later by the codec. While the stream is queued,
  /// SendQueue::reprioritise() has to follow.
  Priority priority;

 protected:
  ~Stream() = default;

 private:
  friend class Codec;
  friend class ServerCodec;
  friend class ClientCodec;
  friend class StreamTable;
  friend class SendQueue;

  std::uint32_t id_ = 0;
  bool remote_closed_ = false;
  bool local_closed_ = false;
  bool reset_by_us_ = false;
  bool reset_by_peer_ = false;
  bool head_sent_ = false;  // not of a 1xx
  bool head_received_ = false;
  bool length_known_ = false;
  std::uint8_t queue_urgency_ = 0;  // of the list that it is in
  std::uint16_t interims_ = 0;      // heads of status 1xx received
  SendWindow send_window_;
  ReceiveWindow receive_window_;
  std::uint64_t expected_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
  std::size_t untaken_bytes_ = 0;
  std::uint32_t window_ = 0;      // ours: what is on its way, or was not taken
  Stream* queue_next_ = nullptr;  // a ring, in the order of sending
  Stream* queue_previous_ = nullptr;
};

}  // namespace weir::http2
