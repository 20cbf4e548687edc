#include "body_reader.hpp"

#include <algorithm>
#include <charconv>

namespace weir::origin {

void BodyReader::start(const Request& request) {
  switch (request.body) {
    case BodyKind::none:
      state_ = State::done;
      break;
    case BodyKind::length:
      state_ = State::length;
      left_ = request.content_length;
      break;
    case BodyKind::chunked:
      state_ = State::chunk_size;
      break;
  }
}

std::string_view BodyReader::next(std::string_view& in) {
  while (!in.empty() && state_ != State::done && state_ != State::failed) {
    if (state_ == State::length || state_ == State::chunk_data) return take_data(in);
    if (!take_framing_line(in)) break;
  }
  return {};
}

std::string_view BodyReader::take_data(std::string_view& in) {
  const std::string_view piece =
      in.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size())));
  in.remove_prefix(piece.size());
  left_ -= piece.size();
  if (left_ == 0) state_ = state_ == State::length ? State::done : State::chunk_end;
  return piece;
}

bool BodyReader::take_framing_line(std::string_view& in) {
  const std::size_t end = in.find('\n');
  if (end == std::string_view::npos) {
    if (in.size() > line_bytes_max) state_ = State::failed;
    return false;
  }
  std::string_view line = in.substr(0, end);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  in.remove_prefix(end + 1);
  apply_framing_line(line);
  return true;
}

void BodyReader::apply_framing_line(std::string_view line) {
  if (state_ == State::trailers) {
    if (line.empty()) state_ = State::done;
    return;
  }
  if (state_ == State::chunk_end) {
    state_ = line.empty() ? State::chunk_size : State::failed;
    return;
  }
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  if (parsed.ec != std::errc()) {
    state_ = State::failed;
    return;
  }
  state_ = left_ == 0 ? State::trailers : State::chunk_data;
}

}  // namespace weir::origin
