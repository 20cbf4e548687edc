// A body that comes in DATA frames: what arrived waits here, in blocks, until the exchange takes it, and only what was
// passed on opens the stream's window again. So the windows bound what is kept. Of one stream, reused for the next one;
// the thread of its reactor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "io/waiter.hpp"
#include "relay/body.hpp"

namespace weir::server {

class Http2Message;

class Http2Body final : public relay::BodySource {
 public:
  /// Blocks of their own size below this, and of the pool from there on.
  static constexpr std::size_t pooled_from = 14 * 1024;
  static constexpr std::size_t block_min = 1024;
  /// One block up to this is kept from one request to the next.
  static constexpr std::size_t spare_max = 2 * 1024;

  Http2Body(io::Reactor& reactor, BufferPool& buffers) : arrival_(reactor), buffers_(buffers) {}
  ~Http2Body() { clear(); }

  /// For the message of `stream`; `ended`: it has no body.
  void begin(Http2Message& stream, bool ended);
  /// What comes is for a tunnel: no body of the request, and kept until open_tunnel().
  void keep_for_tunnel() { end_taken_ = true; }
  void open_tunnel() { end_taken_ = false; }
  /// Gives all blocks back.
  void clear();

  // What arrives.

  void add(std::string_view bytes);
  /// `trailers`: field lines.
  void set_trailers(std::string&& lines) { trailers_ = std::move(lines); }
  void end();
  /// Nothing more will come, for this reason.
  void break_off(io::IoStatus why);
  /// The same, because it breaks the protocol.
  void break_off(Error error);

  /// Takes what has come of a body that is not wanted any more; returns how much that was.
  std::size_t drop();

  // What the exchange takes.

  Result<void> take(relay::BodyBatch& batch) override;
  bool finished() const override { return end_taken_; }
  bool has_more() const override { return unread_ > 0 || error_ || (ended_ && !end_taken_); }
  bool try_read(io::IoResult& result) override;
  Task<io::IoResult> wait(TimePoint until) override;
  Result<void> end_of_stream() override;
  std::string_view trailers() const override { return trailers_; }
  /// By the window of the connection. That of the stream is open while this waits: all that came was taken then.
  Duration held_back() const override;

  std::uint64_t unread() const { return unread_; }
  bool ended() const { return ended_; }
  void cancel_wait() { arrival_.notify(io::IoStatus::cancelled); }

 private:
  struct Block {
    BufferPool::Block bytes;
    std::size_t capacity = 0, begin = 0, end = 0;
  };

  Block acquire(std::size_t bytes);
  void release(Block& block);
  void credit();
  io::IoResult arrived();

  io::Waiter arrival_;
  BufferPool& buffers_;
  Http2Message* stream_ = nullptr;
  std::vector<Block> blocks_;
  Block spare_;
  std::size_t unread_ = 0;      // bytes that take() has not handed out
  std::size_t handed_out_ = 0;  // that are not credited yet
  std::size_t uncounted_ = 0;   // that came since the last read
  bool ended_ = false, end_taken_ = false;
  io::IoStatus broken_ = io::IoStatus::ok;
  std::optional<Error> error_;
  std::string trailers_;
};

}  // namespace weir::server
