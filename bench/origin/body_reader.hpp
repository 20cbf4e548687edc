// Takes a request body out of the byte stream piece by piece: Content-Length or chunked (trailers are
// skipped). Keeps no bytes, so it may be fed any cut of the input as long as what it does not take is offered
// again.
#pragma once

#include <cstdint>
#include <string_view>

#include "request.hpp"

namespace weir::origin {

class BodyReader {
 public:
  void start(const Request& request);

  /// Advances `in` past what belongs to the body and returns decoded bytes out of it. Empty: more input is
  /// needed, or done(), or failed().
  std::string_view next(std::string_view& in);

  bool done() const { return state_ == State::done; }
  bool failed() const { return state_ == State::failed; }

 private:
  enum class State : std::uint8_t { done, length, chunk_size, chunk_data, chunk_end, trailers, failed };
  static constexpr std::size_t line_bytes_max = 4096;  // a chunk-size or trailer line

  std::string_view take_data(std::string_view& in);
  bool take_framing_line(std::string_view& in);
  void apply_framing_line(std::string_view line);

  State state_ = State::done;
  std::uint64_t left_ = 0;  // of the body (length) or of this chunk
};

}  // namespace weir::origin
