#include "relay/body_gather.hpp"

namespace weir::relay {

void BodyGather::add(std::string_view bytes) {
  if (bytes.empty()) return;
  parts_[count_++] = {const_cast<char*>(bytes.data()), bytes.size()};
}

void BodyGather::begin(std::string_view head) {
  count_ = first_run_ = run_count_ = 0;
  data_bytes_ = 0;
  add(head);
}

Result<void> BodyGather::gather(http::BodyDecoder& decoder, ReadBuffer& in, http::BodyKind out_kind) {
  const bool chunked = out_kind == http::BodyKind::chunked;
  const bool was_finished = decoder.finished();
  const std::size_t size_line_at = count_;
  if (chunked) ++count_;  // filled in below, when the sum is known
  first_run_ = count_;
  while (count_ - first_run_ < runs_max && !in.empty() && !decoder.finished()) {
    const auto step = decoder.decode(in.unread());
    if (!step) return step.error();
    add(step->data);
    data_bytes_ += step->data.size();
    in.consume(step->consumed);
    if (step->consumed == 0) break;
  }
  run_count_ = count_ - first_run_;
  if (!chunked) return {};
  if (run_count_ == 0) {
    count_ = first_run_ = size_line_at;
  } else {
    parts_[size_line_at] = {size_line_.data(), http::write_chunk_size(data_bytes_, size_line_.data())};
    add(http::chunk_end);
  }
  if (decoder.finished() && !was_finished) {
    end_ = http::last_chunk;
    if (!decoder.trailers().empty()) end_ += http::forwardable_trailers(decoder.trailers(), trailers_);
    end_ += http::chunk_end;
    add(end_);
  }
  return {};
}

}  // namespace weir::relay
