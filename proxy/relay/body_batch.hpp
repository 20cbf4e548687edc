// What is passed on in one go of a relay: a head, runs of a body, the end of the body with its trailers. No copies: the
// runs point into the buffer of their source and stay good until it reads again. A source fills it, a sink writes it.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::relay {

class BodyBatch {
 public:
  static constexpr std::size_t runs_max = 32;  // chunks of a chunked body

  /// Starts anew, with `head` (may be empty) in front.
  void begin(std::string_view head) {
    head_ = head;
    count_ = 0;
    data_bytes_ = 0;
    ended_ = false;
    trailers_ = {};
  }
  bool full() const { return count_ == runs_max; }
  void add(std::string_view run) {
    if (run.empty()) return;
    parts_[first_run + count_++] = to_part(run);
    data_bytes_ += run.size();
  }
  /// The body ends behind the runs. `trailers`: field lines, as received.
  void end(std::string_view trailers) {
    ended_ = true;
    trailers_ = trailers;
  }

  bool empty() const { return head_.empty() && count_ == 0 && !ended_; }
  std::string_view head() const { return head_; }
  std::span<const iovec> runs() const { return {parts_.data() + first_run, count_}; }
  std::uint64_t data_bytes() const { return data_bytes_; }
  bool ended() const { return ended_; }
  std::string_view trailers() const { return trailers_; }

  /// One list for a gathered write: the head, `before`, the runs, `behind`. Empty ones are left out. Once a batch.
  std::span<iovec> parts(std::string_view before, std::string_view behind) {
    std::size_t begin = first_run, end = first_run + count_;
    if (!before.empty()) parts_[--begin] = to_part(before);
    if (!head_.empty()) parts_[--begin] = to_part(head_);
    if (!behind.empty()) parts_[end++] = to_part(behind);
    return {parts_.data() + begin, end - begin};
  }

 private:
  static constexpr std::size_t first_run = 2;  // behind a head and what parts() puts before the runs

  static iovec to_part(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

  std::string_view head_, trailers_;
  std::uint64_t data_bytes_ = 0;
  std::size_t count_ = 0;
  bool ended_ = false;
  std::array<iovec, first_run + runs_max + 1> parts_;
};

}  // namespace weir::relay
