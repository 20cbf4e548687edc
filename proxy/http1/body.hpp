// The body of one message as a sequence of data runs, whatever its framing. Pure: bytes go in, views into the same
// bytes come out; the caller does the reading. One decoder per message.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "http/head.hpp"
#include "http1/chunked.hpp"

namespace weir::http1 {

class BodyDecoder {
 public:
  /// `origin` says whose message it is, and so which error a violation becomes.
  BodyDecoder(const http::Framing& framing, Origin origin);

  struct Step {
    std::size_t consumed = 0;
    std::string_view data;  // part of the input
  };
  /// Takes the next run of body bytes from the front of `input`. Nothing is consumed once finished(). Errors are
  /// final: malformed_request or response_malformed.
  Result<Step> decode(std::string_view input);

  /// The whole body, trailers included, has been seen.
  bool finished() const { return finished_; }
  /// The peer ended its stream: fine for a close-delimited body, otherwise an error (client_gone,
  /// response_incomplete).
  Result<void> end_of_stream();
  /// How many more bytes certainly belong to this body; max() when that is not known.
  std::uint64_t remaining() const;
  const std::string& trailers() const { return chunked_.trailers(); }
  const http::Framing& framing() const { return framing_; }

 private:
  http::Framing framing_;
  Origin origin_;
  bool finished_;
  std::uint64_t remaining_;
  ChunkedDecoder chunked_;
};

}  // namespace weir::http1
