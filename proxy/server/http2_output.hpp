// What a connection of HTTP/2 sends in one go: the output of its codec, and between its pieces large runs of bodies
// that still lie in the block of their source. The owner of such a block keeps it until the socket took the run, or
// gives the run up first: then it is copied. Owns text, lists and copies. The thread of its reactor.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "http2/codec.hpp"

namespace weir::server {

class Http2Output {
 public:
  Http2Output() = default;
  Http2Output(const Http2Output&) = delete;
  Http2Output& operator=(const Http2Output&) = delete;

  /// Of what the codec has in its output now.
  std::vector<http2::OutputRun>& runs() { return next_.runs; }
  /// Their bytes, as far as note_runs() counted them.
  std::size_t run_bytes() const { return run_bytes_; }
  /// Counts those from `first` on; returns how many bytes they have.
  std::size_t note_runs(std::size_t first);

  /// All of `output` and its runs are what is sent now, and both begin anew.
  void begin(std::string& output);
  /// What the socket has not taken of it.
  std::span<iovec>& rest() { return rest_; }
  std::string& text() { return text_; }
  /// It was sent, or never will be. `taken(stream)` for each run whose stream has not given it up.
  template <class Taken>
  void end(Taken taken) {
    rest_ = {};
    text_.clear();
    current_.copies.clear();
    for (const http2::OutputRun& run : current_.runs) {
      if (run.stream != nullptr) taken(*run.stream);
    }
    current_.runs.clear();
  }

  /// The blocks that runs of `stream` lie in are given back after this. Throws for want of memory: then nothing may be
  /// sent any more, and forget() is due.
  void copy(const http2::Stream& stream);
  /// The same, where nothing is sent any more.
  void forget(const http2::Stream& stream);
  /// For a connection without streams.
  void free_lists();

 private:
  struct Batch {
    std::vector<http2::OutputRun> runs;
    std::vector<std::unique_ptr<char[]>> copies;
  };

  static void copy(Batch& batch, const http2::Stream& stream, iovec* part);
  static void forget(Batch& batch, const http2::Stream& stream);

  Batch next_, current_;
  std::size_t run_bytes_ = 0;  // of next_
  std::string text_;           // of current_
  std::vector<iovec> parts_;   // the same, all in order
  iovec only_part_{};          // without runs
  std::span<iovec> rest_;
};

}  // namespace weir::server
