// What is buffered of a body, decoded and framed anew for the other side, as one list of byte ranges for one
// gathered write. No copies: the ranges point into the read buffer and stay good until it is read into again.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/buffer.hpp"
#include "core/error.hpp"
#include "http/body.hpp"
#include "http/trailers.hpp"

namespace weir::relay {

class BodyGather {
 public:
  static constexpr std::size_t runs_max = 32;  // body runs of one write: chunks of a chunked body

  /// What `trailers` refers to outlives this.
  explicit BodyGather(const http::TrailerRules& trailers = {}) : trailers_(trailers) {}

  /// Starts a new list with `head` (may be empty) in front.
  void begin(std::string_view head);
  /// Decodes what `in` holds, at most runs_max runs, and frames it as `out_kind`. When the body ends here,
  /// its end (last chunk and trailers) is included. Consumes from `in`.
  Result<void> gather(http::BodyDecoder& decoder, ReadBuffer& in, http::BodyKind out_kind);

  std::span<iovec> parts() { return {parts_.data(), count_}; }
  bool empty() const { return count_ == 0; }
  /// Body bytes of the last gather().
  std::uint64_t data_bytes() const { return data_bytes_; }
  /// The body runs of the last gather(), without framing.
  std::span<const iovec> runs() const { return {parts_.data() + first_run_, run_count_}; }

 private:
  void add(std::string_view bytes);

  http::TrailerRules trailers_;
  std::array<iovec, runs_max + 4> parts_;  // head, size line, runs, chunk end, last chunk
  std::size_t count_ = 0;
  std::size_t first_run_ = 0, run_count_ = 0;
  std::uint64_t data_bytes_ = 0;
  std::array<char, 20> size_line_;
  std::string end_;  // last chunk and trailers
};

}  // namespace weir::relay
