// Where a message goes that is sent on a stream of HTTP/2: heads as HEADERS, bodies as DATA, as far as the peer's
// windows and the connection's output have room; the rest when it is this stream's turn. Small pieces are copied into
// the output; a batch with large ones is through when the socket took them. Of one stream, reused; the thread of its
// reactor.
#pragma once

#include <cstdint>
#include <span>

#include "io/waiter.hpp"
#include "relay/body.hpp"
#include "relay/pace.hpp"

namespace weir::server {

class Http2Link;
class Http2Message;

class Http2Sink final : public relay::BodySink {
 public:
  explicit Http2Sink(io::Reactor& reactor) : reactor_(reactor), progress_(reactor) {}

  /// `min_rate`: bytes per second that the peer has to take; 0: any pace will do.
  void begin(Http2Message& stream, Http2Link& link, std::uint64_t min_rate);
  void clear();
  /// limits.response_min_rate is for responses: a tunnel may be silent, or slow.
  void forget_pace();

  bool try_write(relay::BodyBatch& batch, io::IoResult& result) override;
  Task<relay::PacedWrite> write_rest(relay::WriteBounds bounds) override;
  /// False while other streams are to be served first: what it read then would only wait. A closed window is no reason:
  /// whether anything waits for it shows when it is read.
  bool has_turn() const override;
  /// With its turn as much as that allows, and no more than the windows: a closed one must not hold a large block.
  std::size_t read_max() const override;
  io::IoStatus aborted() const override;
  void finish() override;
  void abort(io::IoStatus reason) override;
  io::Reactor& reactor() const override { return reactor_; }

  // For the connection.

  /// Moves what it can of the batch, up to `most` bytes of body. True: that was the rest of it.
  bool send(std::size_t most);
  /// All of the batch that waits was moved. False: some of it is on its way still.
  bool note_sent();
  /// The socket took one of its runs. True: so the batch is through.
  bool note_taken() { return --runs_out_ == 0 && all_sent_ && batch_ != nullptr; }
  /// The batch that waits has gone out, or it is this stream's turn.
  void note_through();
  /// Nothing is written but a wait for its turn.
  bool waits_for_turn() const { return batch_ != nullptr && batch_->empty(); }
  bool has_ended() const { return batch_->ended(); }
  /// The turn of the link in which it may write, whatever waits.
  std::uint64_t granted_in() const { return granted_in_; }
  void note_granted(std::uint64_t turn) { granted_in_ = turn; }
  /// Something is written that is not through yet.
  bool waits() const { return batch_ != nullptr; }
  /// Its peer opens no window for what waits: counted by the link.
  bool stands() const { return stands_; }
  void end_standing_if_open();
  void end_standing();
  /// Its window is open again, or its head may be sent now.
  void resume();
  /// Ends a write that waits, with `why`.
  void wake(io::IoStatus why) { progress_.notify(why); }

 private:
  bool begin_batch();
  Task<relay::PacedWrite> wait_until_through(relay::WriteBounds bounds);
  bool blocked_by_own_window() const;
  bool is_closed() const;
  /// What a wait for a window looks back on.
  struct Standing {
    TimePoint since;
    std::uint64_t own = 0, shared = 0;  // bytes sent until then: on this stream, on its connection
  };
  Standing standing_now() const;
  bool looks_for_standing() const { return counts_standing_ && !stands_; }
  void look_for_standing(Standing& standing);
  bool send_head();
  void send_data(std::size_t bytes, bool end);
  bool send_end();
  TimePoint last_progress() const;
  void drop_batch();

  io::Reactor& reactor_;
  io::Waiter progress_;
  Http2Message* stream_ = nullptr;
  Http2Link* link_ = nullptr;
  relay::BodyBatch* batch_ = nullptr;  // that waits, or is being written
  bool head_sent_ = false;
  bool stands_ = false;
  bool counts_standing_ = false;
  bool all_sent_ = false;     // nothing of the batch is left to be moved
  std::size_t runs_out_ = 0;  // of the batch, that the socket has not taken
  std::uint64_t granted_in_ = 0;
  std::size_t run_ = 0, offset_ = 0;  // of the batch: what is sent
  std::uint64_t data_left_ = 0;
  std::size_t written_ = 0;  // of the batch, framing included
  std::uint64_t sent_ = 0;   // body bytes of this stream
  TimePoint sent_last_{};    // or the wait began
  relay::TakenPace own_pace_{0, Duration{}}, shared_pace_{0, Duration{}};
};

}  // namespace weir::server
