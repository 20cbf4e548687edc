// Bodies of gRPC-Web (gRPC's PROTOCOL-WEB): of a browser's request turned into those of gRPC, and of a response turned
// back, whose trailers become its last frame. State machines over any cut of a body; hold a few bits each. Pure; one
// thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "grpc/content_type.hpp"

namespace weir::grpc {

/// Of a request. `binary` passes as it is; `text` is base64 (RFC 4648 4), one text or several padded ones in a row.
class RequestDecoder {
 public:
  /// `kind` must not be none.
  explicit RequestDecoder(Web kind) : kind_(kind) {}

  /// Writes the bytes that `run` adds to `out`, and says how many: all that can be given, never more than `run` has.
  /// `out` may be where `run` is. Error: malformed_request, of the client; then nothing more may be decoded.
  Result<std::size_t> decode(std::string_view run, char* out);

  /// At the end of the body: malformed_request where the text stops within a group.
  Result<void> finish() const;

 private:
  /// The next symbol, or padding; false where there may be none such.
  bool take(char symbol, char*& at);

  Web kind_;
  std::uint8_t symbols_ = 0;  // of a group of four, padding included
  std::uint8_t padding_ = 0;  // of these
  std::uint8_t held_ = 0;     // bits of the last symbol that made no byte yet
};

/// Of a response. What is encoded is there at once, since a message must not wait for the next: flush() is called when
/// a batch ends, and pads what there is.
class ResponseEncoder {
 public:
  /// `kind` must not be none.
  explicit ResponseEncoder(Web kind) : kind_(kind) {}

  /// Appends at most encoded_bytes_max(run.size()) bytes.
  void encode(std::string_view run, std::string& out);
  void flush(std::string& out);

  /// The last frame, and flush(). `lines` are trailers, each `Name: value` CRLF, bounded by who has them. Without any
  /// there is no frame: the status is in the head then, or nowhere. Names are written in lower case.
  void finish(std::string_view lines, std::string& out);

  /// Of a run with flush() behind it.
  static constexpr std::size_t encoded_bytes_max(std::size_t run_bytes) {
    return (run_bytes + 2 + 2) / 3 * 4;
  }

 private:
  void hold(char byte) { held_[held_bytes_++] = byte; }

  Web kind_;
  std::uint8_t held_bytes_ = 0;
  std::array<char, 3> held_{};  // of a group that is not full
};

}  // namespace weir::grpc
