// The two ends of a body on its way, whatever protocol either side speaks: a source is read, a sink is written. Each
// has a part that never waits and a part that does. Of one message; worker thread.
#pragma once

#include <cstdint>
#include <limits>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/task.hpp"
#include "io/reactor.hpp"
#include "relay/body_batch.hpp"
#include "relay/paced_write.hpp"

namespace weir::relay {

/// Of what may be read in one go: nothing bounds it but the blocks that the source reads into.
inline constexpr std::size_t read_unbounded = std::numeric_limits<std::size_t>::max();

/// What is read for a sink that can take nothing now, to see whether anything waits for it: all that is held then.
inline constexpr std::size_t probe_bytes = 1024;

class BodySource {
 public:
  /// Adds what was read to `batch`, decoded, as far as it has room, and the end where the body ends. Errors are final:
  /// the message is malformed, or its body ended early.
  virtual Result<void> take(BodyBatch& batch) = 0;
  /// The whole body, trailers included, was taken.
  virtual bool finished() const = 0;
  /// Something was read that was not taken yet.
  virtual bool has_more() const = 0;
  /// Reads without waiting: false when there is nothing to be read now. `result.bytes` may be more than the body has.
  virtual bool try_read(io::IoResult& result) = 0;
  /// Waits until something arrives: then try_read() finds it. Holds no buffer meanwhile.
  virtual Task<io::IoResult> wait(TimePoint until) = 0;
  /// The peer ended its stream (IoStatus::eof): the body is finished, or this is an error.
  virtual Result<void> end_of_stream() = 0;
  /// Trailers as received; once finished().
  virtual std::string_view trailers() const = 0;
  /// How much the next reads are to bring at most. 0: none is due for now, and no buffer is held until then.
  virtual void set_read_max(std::size_t) {}
  /// For how long, in all, the peer could not send because a window of ours was closed. It only grows.
  virtual Duration held_back() const { return {}; }
  /// Whether its peer is in the middle of something that it has begun to send. What is waited for otherwise says
  /// nothing of its pace.
  virtual bool owes_more() const { return true; }

 protected:
  ~BodySource() = default;
};

class BodySink {
 public:
  /// Starts to write `batch`, without waiting: true when it is done, well or badly. The batch may not change before it
  /// is. `result.bytes`: what was taken, framing included.
  virtual bool try_write(BodyBatch& batch, io::IoResult& result) = 0;
  /// Writes the rest of it.
  virtual Task<PacedWrite> write_rest(WriteBounds bounds) = 0;
  /// Whether what is read for it now can be written now. A sink that shares its connection may have others to serve
  /// first: then writing an empty batch is a wait for its turn.
  virtual bool has_turn() const { return true; }
  /// How much to read for it in one go.
  virtual std::size_t read_max() const { return read_unbounded; }
  /// Why nothing can be written any more; ok while it can.
  virtual io::IoStatus aborted() const = 0;
  /// Nothing follows (a tunnel's half-close). Best effort, does not wait.
  virtual void finish() = 0;
  /// Ends whatever waits on this side, to read or to write, with `reason`; the first reason stays.
  virtual void abort(io::IoStatus reason) = 0;
  virtual io::Reactor& reactor() const = 0;

 protected:
  ~BodySink() = default;
};

/// Writes all of `batch`.
Task<PacedWrite> write_batch(BodySink& sink, BodyBatch& batch, WriteBounds bounds);

}  // namespace weir::relay
