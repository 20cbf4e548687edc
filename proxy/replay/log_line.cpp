#include "replay/log_line.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <chrono>

#include "http/text.hpp"
#include "observe/access_log.hpp"

namespace weir::replay {
namespace {

namespace json = boost::json;

// Nanoseconds since 1970 fit 64 bits up to 2262.
constexpr int year_min = 1970, year_max = 2261;

std::string_view text(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  if (found == nullptr || !found->is_string()) return {};
  const json::string& value = found->get_string();
  return {value.data(), value.size()};
}

const json::object* part(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found != nullptr && found->is_object() ? &found->get_object() : nullptr;
}

/// Takes a number of exactly `digits` digits off the front.
bool take_number(std::string_view& text, std::size_t digits, int& number) {
  if (text.size() < digits || !http::all(text.substr(0, digits), http::char_class::digit)) return false;
  std::from_chars(text.data(), text.data() + digits, number);
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// `.123`, where it is there.
std::int64_t take_fraction(std::string_view& text) {
  std::int64_t nanoseconds = 0;
  if (!take(text, '.')) return 0;
  for (std::int64_t unit = 100'000'000; !text.empty() && text.front() >= '0' && text.front() <= '9';
       unit /= 10) {
    nanoseconds += unit * (text.front() - '0');
    text.remove_prefix(1);
  }
  return nanoseconds;
}

/// The log cuts texts at a border of UTF-8.
bool may_be_cut(std::string_view text) {
  constexpr std::size_t character_bytes_max = 4;
  return text.size() + character_bytes_max > observe::access_text_bytes_max;
}

}  // namespace

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool read = take_number(text, 4, year) && take(text, '-') && take_number(text, 2, month) &&
                    take(text, '-') && take_number(text, 2, day) && take(text, 'T') &&
                    take_number(text, 2, hour) && take(text, ':') && take_number(text, 2, minute) &&
                    take(text, ':') && take_number(text, 2, second);
  if (!read) return std::nullopt;
  const std::int64_t fraction = take_fraction(text);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (text != "Z" || !date.ok() || year < year_min || year > year_max || hour > 23 || minute > 59 ||
      second > 60)
    return std::nullopt;
  const auto seconds = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                       std::chrono::minutes(minute) + std::chrono::seconds(second);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(seconds).count() + fraction;
}

LogLineReader::LogLineReader() : room_(room_bytes), memory_(room_.data(), room_.size()) {}

std::optional<std::string> LogLineReader::read(std::string_view line, LoggedRequest& out) {
  value_.reset();
  memory_.release();
  parser_.reset(&memory_);
  boost::system::error_code error;
  parser_.write(line.data(), line.size(), error);
  if (error) return "it is no JSON";
  value_.emplace(parser_.release());
  if (!value_->is_object()) return "it is no JSON object";
  return fill(value_->get_object(), out);
}

std::optional<std::string> LogLineReader::fill(const json::object& line, LoggedRequest& out) const {
  out = {};
  out.ts = text(line, "ts");
  const auto ts = parse_timestamp(out.ts);
  if (!ts) return "it has no \"ts\" such as 2026-01-31T23:59:59.123Z";
  out.ts_ns = *ts;
  const auto ip = IpAddress::parse(text(line, "client_ip"));
  if (!ip) return "it has no \"client_ip\"";
  out.client_ip = *ip;
  out.listener = text(line, "listener");
  if (out.listener.empty()) return "it has no \"listener\"";
  out.peer_is_client = line.contains("client_port");
  out.tls = part(line, "tls") != nullptr;
  out.method = text(line, "method");
  out.host = text(line, "host");
  out.path = text(line, "path");
  out.query = text(line, "query");
  out.user_agent = text(line, "user_agent");
  out.referer = text(line, "referer");
  out.route = text(line, "route");
  out.upstream = text(line, "upstream");
  out.reason = text(line, "reason");
  if (const json::object* const split = part(line, "split")) {
    out.split_target = text(*split, "target");
    out.split_why = text(*split, "why");
  }
  if (const json::object* const limit = part(line, "rate_limit")) {
    out.limit = text(*limit, "name");
    out.limit_decision = text(*limit, "decision");
  }
  const json::value* const status = line.if_contains("status");
  if (status != nullptr && status->is_int64()) out.status = static_cast<int>(status->get_int64());
  out.cut = may_be_cut(out.path) || may_be_cut(out.host);
  return std::nullopt;
}

}  // namespace weir::replay
