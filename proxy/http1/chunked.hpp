// Chunked transfer coding, both ways (RFC 9112 7.1). The decoder is incremental, works in place and bounds
// everything: size digits, extension bytes, trailer bytes and count. Pure; one decoder per message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace weir::http1 {

class ChunkedDecoder {
 public:
  static constexpr std::uint64_t chunk_bytes_max = INT64_MAX;  // as of a Content-Length
  static constexpr std::size_t extension_bytes_max = 256;      // per chunk
  static constexpr std::size_t trailer_bytes_max = 8 * 1024;

  struct Step {
    std::size_t consumed = 0;  // bytes of the input that are used up
    std::string_view data;     // body bytes, a part of the input; may be empty
    bool finished = false;     // the last chunk and the trailers are complete
  };

  /// Decodes until one run of body bytes is found, the input is used up, or the message ends. Call again with
  /// the rest. An error is final: the stream cannot be trusted any more. `origin` says whose message it is:
  /// malformed_request (client) or response_malformed (upstream).
  Result<Step> decode(std::string_view input, Origin origin);

  bool finished() const { return state_ == State::done; }
  /// Trailer section as received (field lines with CRLF), validated; empty when there was none.
  const std::string& trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t {
    size_first,       // the first digit of a chunk size
    size,             // further digits, or what ends them
    extension_space,  // whitespace after the size: only an extension may follow
    extension,        // skipped up to the CR
    size_lf,          // the LF that ends the size line
    data,             // `remaining_` bytes
    data_cr,          // the CR after the data of a chunk
    data_lf,          // its LF
    trailer_start,    // the first byte of a trailer line, or the CR of the empty line
    trailer_line,     // a trailer line up to its CR
    trailer_lf,       // its LF
    end_lf,           // the LF of the empty line that ends the message
    done,
    failed,
  };

  /// Takes one byte of everything that is not data; what is wrong with it, or nullptr.
  const char* take(char c);
  const char* take_size(char c);
  const char* take_extension(char c);
  const char* take_trailer(char c);
  const char* end_trailer_line() const;

  State state_ = State::size_first;
  std::uint64_t remaining_ = 0;
  unsigned size_digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_count_ = 0;
  std::size_t line_begin_ = 0;  // of the current trailer line in trailers_
  std::string trailers_;
};

/// Writes the size line of a chunk of `bytes` (> 0) to `out` (at least 20 bytes); returns its length. The
/// data and CRLF follow.
std::size_t write_chunk_size(std::uint64_t bytes, char* out);

inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n";  // then trailers, then chunk_end

}  // namespace weir::http1
