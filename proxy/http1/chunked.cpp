#include "http1/chunked.hpp"

#include <algorithm>
#include <charconv>

#include "http/text.hpp"
#include "http/trailers.hpp"

namespace weir::http1 {
namespace {

constexpr unsigned size_digits_max = 16;  // what fits 64 bits

constexpr unsigned hex_value(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : http::to_lower(c) - 'a' + 10);
}

constexpr const char* bad_line_end = "chunk line does not end with CRLF";

Error violation(Origin origin, const char* what) {
  if (origin == Origin::upstream) return upstream_error(ErrorKind::response_malformed, what);
  return client_error(ErrorKind::malformed_request, what);
}

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::decode(std::string_view input, Origin origin) {
  Step step;
  while (step.consumed < input.size() && state_ != State::done) {
    if (state_ == State::data) {
      step.data = input.substr(step.consumed, remaining_);
      step.consumed += step.data.size();
      remaining_ -= step.data.size();
      if (remaining_ == 0) state_ = State::data_cr;
      return step;
    }
    if (const char* wrong = take(input[step.consumed])) {
      state_ = State::failed;
      return violation(origin, wrong);
    }
    ++step.consumed;
  }
  step.finished = state_ == State::done;
  return step;
}

const char* ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::size_first:
    case State::size:
      return take_size(c);
    case State::extension_space:
    case State::extension:
      return take_extension(c);
    case State::size_lf:
      if (c != '\n') return bad_line_end;
      state_ = remaining_ == 0 ? State::trailer_start : State::data;
      return nullptr;
    case State::data_cr:
      if (c != '\r') return "chunk data is longer than its size";
      state_ = State::data_lf;
      return nullptr;
    case State::data_lf:
      if (c != '\n') return "chunk data is longer than its size";
      state_ = State::size_first;
      return nullptr;
    case State::trailer_start:
    case State::trailer_line:
    case State::trailer_lf:
      return take_trailer(c);
    case State::end_lf:
      if (c != '\n') return "chunked body does not end with CRLF";
      state_ = State::done;
      return nullptr;
    case State::data:
    case State::done:
    case State::failed:
      break;
  }
  return "chunked body was malformed before";
}

const char* ChunkedDecoder::take_size(char c) {
  if (http::is(c, http::char_class::hex)) {
    if (state_ == State::size_first) {
      state_ = State::size;
      remaining_ = 0;
      size_digits_ = 0;
      extension_bytes_ = 0;
    }
    if (++size_digits_ > size_digits_max) return "chunk size has too many digits";
    remaining_ = remaining_ << 4 | hex_value(c);
    if (remaining_ > chunk_bytes_max) return "chunk size is too large";
    return nullptr;
  }
  if (state_ == State::size_first) return "chunk size is not hexadecimal";
  if (c == '\r') {
    state_ = State::size_lf;
    return nullptr;
  }
  state_ = State::extension_space;
  return take_extension(c);
}

// Extensions mean nothing to a proxy (RFC 9112 7.1.1): they are skipped, but nothing that another parser
// could take for a line end gets by.
const char* ChunkedDecoder::take_extension(char c) {
  if (state_ == State::extension && c == '\r') {
    state_ = State::size_lf;
    return nullptr;
  }
  if (!http::is(c, http::char_class::field_value)) return "control byte in a chunk extension";
  if (++extension_bytes_ > extension_bytes_max) return "chunk extension is too long";
  if (state_ == State::extension) return nullptr;
  if (c == ';') {
    state_ = State::extension;
    return nullptr;
  }
  return c == ' ' || c == '\t' ? nullptr : "chunk size is not hexadecimal";
}

const char* ChunkedDecoder::take_trailer(char c) {
  if (state_ == State::trailer_start) {
    if (c == '\r') {
      state_ = State::end_lf;
      return nullptr;
    }
    if (++trailer_count_ > http::trailer_count_max) return "too many trailer fields";
    line_begin_ = trailers_.size();
    state_ = State::trailer_line;
  }
  if (trailers_.size() >= trailer_bytes_max) return "trailer section is too long";
  trailers_.push_back(c);
  if (state_ == State::trailer_lf) {
    if (c != '\n') return "trailer line does not end with CRLF";
    state_ = State::trailer_start;
    return nullptr;
  }
  if (c == '\r') {
    state_ = State::trailer_lf;
    return end_trailer_line();
  }
  return http::is(c, http::char_class::field_value) ? nullptr : "control byte in a trailer field";
}

/// The line up to its CR is a field line: `token ":" value`. A folded line begins with whitespace, which is
/// no token.
const char* ChunkedDecoder::end_trailer_line() const {
  const std::string_view line = std::string_view(trailers_).substr(line_begin_);
  return http::is_token(line.substr(0, line.find(':'))) && line.find(':') != line.npos
             ? nullptr
             : "malformed trailer field";
}

std::size_t write_chunk_size(std::uint64_t bytes, char* out) {
  char* end = std::to_chars(out, out + size_digits_max, bytes, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return static_cast<std::size_t>(end - out);
}

}  // namespace weir::http1
