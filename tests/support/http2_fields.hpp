// Header blocks as tests' own ends of HTTP/2 read them: the decoder of one direction of a connection, and what is wrong
// with fields that came. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "support/http_message.hpp"

struct nghttp2_hd_inflater;

namespace weir::testing {

class FieldDecoder {
 public:
  FieldDecoder();

  /// A whole block; throws TestFailure when it is none.
  Fields decode(std::string_view block);

 private:
  struct Deleter {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  std::unique_ptr<nghttp2_hd_inflater, Deleter> inflater_;
};

/// What RFC 9113 8.2 forbids in `fields`, in which no pseudo fields are; "": nothing.
std::string fault_in(const Fields& fields);

}  // namespace weir::testing
