#include "control/audit_log.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "control/durable_file.hpp"
#include "observe/line_buffer.hpp"

namespace weir::control {

namespace json = boost::json;

Result<void> AuditLog::open() {
  if (folder_.empty()) return {};
  if (auto made = make_folder(folder_); !made) return made;
  const auto tail = read_tail(file(), audit_tail_bytes_max);
  if (!tail) return tail.error();
  for (std::size_t begin = 0; begin < tail->size();) {
    const std::size_t end = std::min(tail->find('\n', begin), tail->size());
    const std::string_view line = std::string_view(*tail).substr(begin, end - begin);
    boost::system::error_code error;
    const json::value entry = json::parse(line, error);
    if (!error && entry.is_object()) keep(std::string(line));  // a crash may have cut one off
    begin = end + 1;
  }
  return {};
}

Result<void> AuditLog::record(SystemTime now, std::string_view who, std::string_view action,
                              const json::object& facts) {
  std::string at;
  observe::LineBuffer(at).timestamp(now);
  json::object entry{{"at", at}, {"who", who}, {"action", action}};
  entry.insert(facts.begin(), facts.end());
  std::string line = json::serialize(entry);
  if (!folder_.empty()) {
    auto appended = append_line(file(), line);
    if (!appended) return appended;
  }
  keep(std::move(line));
  return {};
}

void AuditLog::keep(std::string line) {
  lines_.push_back(std::move(line));
  if (lines_.size() > audit_shown_max) lines_.pop_front();
}

}  // namespace weir::control
