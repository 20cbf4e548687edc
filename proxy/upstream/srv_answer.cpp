#include "upstream/srv_answer.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "config/hosts.hpp"
#include "http/text.hpp"

namespace weir::upstream {
namespace {

constexpr std::uint16_t type_cname = 5, type_srv = 33, class_in = 1;
constexpr std::size_t name_bytes_max = 255;  // RFC 1035 2.3.4; also ends pointers that run in circles
constexpr std::uint32_t ttl_seconds_max = 0x7fffffff;  // RFC 2181 8: anything above means 0

/// Reads a message from front to back. Once something is missing everything is 0 and `whole()` false.
class MessageReader {
 public:
  explicit MessageReader(std::span<const std::uint8_t> message) : message_(message) {}

  bool whole() const { return whole_; }
  std::size_t at() const { return at_; }
  void seek(std::size_t at) { at_ = at; }

  std::uint8_t u8() {
    if (at_ >= message_.size()) {
      whole_ = false;
      return 0;
    }
    return message_[at_++];
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  void skip(std::size_t bytes) {
    if (bytes > message_.size() - std::min(at_, message_.size())) whole_ = false;
    at_ += bytes;
  }

  /// A name in text form; what is read next is behind it, wherever its pointers led.
  std::string name() {
    std::string text;
    std::size_t behind = 0;
    while (whole_) {
      const std::size_t start = at_;
      const std::uint8_t length = u8();
      if (length == 0) break;
      if ((length & 0xc0) == 0xc0) {
        const std::size_t target = (length & 0x3fu) << 8 | u8();
        if (behind == 0) behind = at_;
        // Only backwards, so that it ends.
        if (target >= start) whole_ = false;
        at_ = target;
      } else if (length > 63 || text.size() + length + 1 > name_bytes_max) {
        whole_ = false;
      } else {
        if (!text.empty()) text += '.';
        for (unsigned i = 0; i < length; ++i) text += static_cast<char>(u8());
      }
    }
    if (behind != 0) at_ = behind;
    return text;
  }

 private:
  std::span<const std::uint8_t> message_;
  std::size_t at_ = 0;
  bool whole_ = true;
};

void bring_into_range(std::span<ServiceRecord> records) {
  if (records.empty()) return;
  const std::uint32_t largest = std::ranges::max_element(records, {}, &ServiceRecord::weight)->weight;
  for (ServiceRecord& record : records) {
    if (largest > service_weight_max) record.weight = record.weight * service_weight_max / largest;
    record.weight = std::max(record.weight, 1u);
  }
}

}  // namespace

std::optional<SrvAnswer> parse_srv_answer(std::span<const std::uint8_t> message) {
  MessageReader reader(message);
  reader.skip(4);  // id, flags
  const unsigned questions = reader.u16();
  const unsigned answers = reader.u16();
  reader.skip(4);  // counts of the sections behind
  for (unsigned i = 0; i < questions && reader.whole(); ++i) {
    (void)reader.name();
    reader.skip(4);  // type, class
  }
  SrvAnswer answer;
  std::uint32_t ttl = ttl_seconds_max;
  bool any = false;
  for (unsigned i = 0; i < answers && reader.whole(); ++i) {
    (void)reader.name();
    const std::uint16_t type = reader.u16();
    const std::uint16_t record_class = reader.u16();
    const std::uint32_t seconds = reader.u32();
    const std::uint16_t bytes = reader.u16();
    const std::size_t end = reader.at() + bytes;
    const bool counts = record_class == class_in && (type == type_srv || type == type_cname);
    if (reader.whole() && counts) {
      ttl = std::min(ttl, seconds > ttl_seconds_max ? 0 : seconds);
      any = true;
    }
    if (counts && type == type_srv) {
      ServiceRecord record;
      record.priority = reader.u16();
      record.weight = reader.u16();
      record.port = reader.u16();
      record.target = http::lower(reader.name());
      if (reader.at() != end) return std::nullopt;
      const bool usable = record.port != 0 && config::is_dns_name(record.target);
      if (reader.whole() && usable && answer.records.size() < srv_records_max) {
        answer.records.push_back(std::move(record));
      }
    } else {
      reader.skip(bytes);
    }
  }
  if (!reader.whole()) return std::nullopt;
  answer.ttl = any ? std::chrono::seconds(ttl) : std::chrono::seconds(0);
  return answer;
}

std::vector<ServiceRecord> ranked(std::vector<ServiceRecord> records) {
  std::ranges::stable_sort(records, {}, &ServiceRecord::priority);
  for (ServiceRecord& record : records) record.backup = record.priority != records.front().priority;
  const auto first_backup = std::ranges::find(records, true, &ServiceRecord::backup);
  bring_into_range({records.begin(), first_backup});
  bring_into_range({first_backup, records.end()});
  return records;
}

}  // namespace weir::upstream
