// Where the response of one stream goes: heads as HEADERS, bodies as DATA, as far as the client's windows and the
// connection's output have room; the rest when it is this stream's turn. Of one stream, reused; worker thread.
#pragma once

#include <cstdint>
#include <span>

#include "io/waiter.hpp"
#include "relay/body.hpp"
#include "relay/pace.hpp"

namespace weir::server {

class Http2Connection;
class Http2Stream;

class Http2Sink final : public relay::BodySink {
 public:
  explicit Http2Sink(io::Reactor& reactor) : reactor_(reactor), progress_(reactor) {}

  void begin(Http2Stream& stream, Http2Connection& connection, std::uint64_t response_min_rate);
  void clear();
  /// limits.response_min_rate is for responses: a tunnel may be silent, or slow.
  void forget_pace();

  bool try_write(relay::BodyBatch& batch, io::IoResult& result) override;
  Task<relay::PacedWrite> write_rest(relay::WriteBounds bounds) override;
  io::IoStatus aborted() const override;
  void finish() override;
  void abort(io::IoStatus reason) override;
  io::Reactor& reactor() const override { return reactor_; }

  // For the connection.

  /// Moves what it can of the batch, up to `most` bytes of body. True: the batch is through.
  bool send(std::size_t most);
  /// The batch that waits has gone out.
  void note_through() {
    batch_ = nullptr;
    progress_.notify();
  }
  bool is_waiting() const { return batch_ != nullptr; }
  /// Ends a write that waits, with `why`.
  void wake(io::IoStatus why) { progress_.notify(why); }

 private:
  bool begin_batch();
  Task<relay::PacedWrite> wait_until_through(relay::WriteBounds bounds);
  bool blocked_by_own_window() const;
  bool send_head();
  void send_data(std::size_t bytes, bool end);
  bool send_end();
  TimePoint last_progress() const;
  void drop_batch();

  io::Reactor& reactor_;
  io::Waiter progress_;
  Http2Stream* stream_ = nullptr;
  Http2Connection* connection_ = nullptr;
  relay::BodyBatch* batch_ = nullptr;  // that waits, or is being written
  bool head_sent_ = false;
  std::size_t run_ = 0, offset_ = 0;  // of the batch: what is sent
  std::uint64_t data_left_ = 0;
  std::size_t written_ = 0;  // of the batch, framing included
  std::uint64_t sent_ = 0;   // body bytes of this stream
  TimePoint sent_last_{};    // or the wait began
  relay::TakenPace own_pace_{0, Duration{}}, shared_pace_{0, Duration{}};
};

}  // namespace weir::server
