#include "http2/field_receiver.hpp"

namespace weir::http2 {

void FieldReceiver::begin() {
  section_.clear();
  fields_ = {};
  cookies_ = {};
  wire_bytes_ = 0;
  too_large_ = false;
}

FieldReceiver::Outcome FieldReceiver::piece(std::string_view bytes, bool last) {
  wire_bytes_ += bytes.size();
  if (wire_bytes_ > 2 * limits_.bytes) return Outcome::excessive;
  for (;;) {
    FieldLine line;
    switch (decoder_.next(bytes, last, line)) {
      case HpackDecoder::Step::end:
        return Outcome::ok;
      case HpackDecoder::Step::failed:
        return Outcome::compression_error;
      case HpackDecoder::Step::field:
        break;
    }
    count(line);
    if (!too_large_ && beyond(1)) too_large_ = true;
    if (!too_large_) {
      section_.add(line.name, line.value, line.never_indexed);
    } else if (beyond(2)) {
      return Outcome::excessive;
    }
  }
}

void FieldReceiver::count(const FieldLine& line) {
  const std::size_t bytes = line.name.size() + line.value.size() + field_overhead_bytes;
  if (line.name == "cookie") {
    cookies_.add(bytes);
  } else if (line.name.starts_with(':')) {
    fields_.bytes +=
        bytes;  // a request has at most five; more of them are malformed, and bounded by their bytes
  } else {
    fields_.add(bytes);
  }
}

bool FieldReceiver::beyond(std::size_t times) const {
  return fields_.beyond(times, limits_.bytes, limits_.count) ||
         cookies_.beyond(times, limits_.cookie_bytes, limits_.cookie_count);
}

}  // namespace weir::http2
