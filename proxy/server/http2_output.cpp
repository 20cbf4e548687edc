#include "server/http2_output.hpp"

#include <cstring>

namespace weir::server {

std::size_t Http2Output::note_runs(std::size_t first) {
  std::size_t bytes = 0;
  for (std::size_t i = first; i < next_.runs.size(); ++i) bytes += next_.runs[i].bytes.iov_len;
  run_bytes_ += bytes;
  return bytes;
}

void Http2Output::begin(std::string& output) {
  text_.swap(output);
  std::swap(next_, current_);
  run_bytes_ = 0;
  if (current_.runs.empty()) {
    only_part_ = {text_.data(), text_.size()};
    rest_ = {&only_part_, 1};
    return;
  }
  parts_.clear();
  std::size_t at = 0;
  for (const http2::OutputRun& run : current_.runs) {
    if (run.at > at) parts_.push_back({text_.data() + at, run.at - at});
    parts_.push_back(run.bytes);
    at = run.at;
  }
  if (at < text_.size()) parts_.push_back({text_.data() + at, text_.size() - at});
  rest_ = parts_;
}

void Http2Output::copy(const http2::Stream& stream) {
  copy(next_, stream, nullptr);
  copy(current_, stream, parts_.data());
}

/// `part`: the first one of the batch, if it is being sent. Of a run that is sent in part it has the rest.
void Http2Output::copy(Batch& batch, const http2::Stream& stream, iovec* part) {
  std::size_t at = 0;
  for (http2::OutputRun& run : batch.runs) {
    if (part != nullptr && run.at > at) ++part;
    at = run.at;
    iovec* const own = part != nullptr ? part++ : nullptr;
    if (run.stream != &stream) continue;
    batch.copies.push_back(std::make_unique_for_overwrite<char[]>(run.bytes.iov_len));
    char* const copied = batch.copies.back().get();
    char* const begin = static_cast<char*>(run.bytes.iov_base);
    std::memcpy(copied, begin, run.bytes.iov_len);
    if (own != nullptr) own->iov_base = copied + (static_cast<char*>(own->iov_base) - begin);
    run.bytes.iov_base = copied;
    run.stream = nullptr;
  }
}

void Http2Output::forget(const http2::Stream& stream) {
  forget(next_, stream);
  forget(current_, stream);
}

void Http2Output::forget(Batch& batch, const http2::Stream& stream) {
  for (http2::OutputRun& run : batch.runs) {
    if (run.stream == &stream) run.stream = nullptr;
  }
}

void Http2Output::free_lists() {
  if (next_.runs.capacity() + current_.runs.capacity() == 0 || !rest_.empty()) return;
  if (!next_.runs.empty()) return;
  next_ = {};
  current_ = {};
  parts_ = {};
}

}  // namespace weir::server
