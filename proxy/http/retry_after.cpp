#include "http/retry_after.hpp"

#include <algorithm>
#include <array>

namespace weir::http {
namespace {

using std::chrono::seconds;

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> long_days{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};

/// Takes a text apart from its front; after the first thing that is not there nothing is taken any more.
class Scan {
 public:
  explicit Scan(std::string_view text) : rest_(text) {}

  void literal(std::string_view text) {
    if (good_ && rest_.starts_with(text)) return rest_.remove_prefix(text.size());
    good_ = false;
  }
  /// The index of that one of `names` that comes now.
  template <std::size_t N>
  unsigned one_of(const std::array<std::string_view, N>& names) {
    const auto found =
        std::ranges::find_if(names, [this](std::string_view name) { return rest_.starts_with(name); });
    if (found == names.end()) good_ = false;
    if (!good_) return 0;
    rest_.remove_prefix(found->size());
    return static_cast<unsigned>(found - names.begin());
  }
  /// Exactly so many digits; `padded`: the first one may be a space.
  unsigned digits(std::size_t count, bool padded = false) {
    unsigned value = 0;
    for (std::size_t i = 0; good_ && i < count; ++i) {
      const char c = i < rest_.size() ? rest_[i] : 'x';
      const bool pad = padded && i == 0 && c == ' ';
      good_ = pad || (c >= '0' && c <= '9');
      value = value * 10 + (pad ? 0 : static_cast<unsigned>(c - '0'));
    }
    if (good_) rest_.remove_prefix(count);
    return value;
  }
  bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct Date {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

void scan_time(Scan& scan, Date& date) {
  date.hour = scan.digits(2);
  scan.literal(":");
  date.minute = scan.digits(2);
  scan.literal(":");
  date.second = scan.digits(2);
}

/// The two forms that begin with the day: names of the days, what is between the parts of the date, digits of the year.
template <std::size_t N>
bool scan_day_first(Scan scan, const std::array<std::string_view, N>& day_names, std::string_view between,
                    std::size_t year_digits, Date& date) {
  scan.one_of(day_names);
  scan.literal(", ");
  date.day = scan.digits(2);
  scan.literal(between);
  date.month = scan.one_of(months) + 1;
  scan.literal(between);
  date.year = scan.digits(year_digits);
  scan.literal(" ");
  scan_time(scan, date);
  scan.literal(" GMT");
  return scan.at_end();
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
bool scan_fixdate(Scan scan, Date& date) {
  return scan_day_first(scan, days, " ", 4, date);
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
bool scan_rfc850(Scan scan, Date& date) {
  return scan_day_first(scan, long_days, "-", 2, date);
}

/// `Sun Nov  6 08:49:37 1994`
bool scan_asctime(Scan scan, Date& date) {
  scan.one_of(days);
  scan.literal(" ");
  date.month = scan.one_of(months) + 1;
  scan.literal(" ");
  date.day = scan.digits(2, true);
  scan.literal(" ");
  scan_time(scan, date);
  scan.literal(" ");
  date.year = scan.digits(4);
  return scan.at_end();
}

unsigned year_of(std::chrono::system_clock::time_point now) {
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  return static_cast<unsigned>(static_cast<int>(today.year()));
}

/// The year with these last two digits that is at most 50 years ahead.
unsigned full_year(unsigned two_digits, unsigned this_year) {
  unsigned year = this_year / 100 * 100 + two_digits;
  if (year > this_year + 50) year -= 100;
  return year;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text,
                                                        std::chrono::system_clock::time_point now) {
  Date date;
  if (!scan_fixdate(Scan(text), date) && !scan_asctime(Scan(text), date)) {
    if (!scan_rfc850(Scan(text), date)) return std::nullopt;
    date.year = full_year(date.year, year_of(now));
  }
  const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(date.year)),
                                        std::chrono::month(date.month), std::chrono::day(date.day));
  // A leap second is 60.
  if (!day.ok() || date.hour > 23 || date.minute > 59 || date.second > 60) return std::nullopt;
  return std::chrono::sys_days(day) + std::chrono::hours(date.hour) + std::chrono::minutes(date.minute) +
         seconds(date.second);
}

seconds retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
  if (is_number(value)) {
    seconds::rep count = 0;
    for (const char c : value) count = std::min(count * 10 + (c - '0'), retry_after_max.count());
    return seconds(count);
  }
  const auto date = parse_http_date(value, now);
  if (!date) return seconds(0);
  // In seconds: the nanoseconds of a clock end in 2262.
  const seconds pause = *date - std::chrono::floor<seconds>(now);
  return std::clamp(pause, seconds(0), retry_after_max);
}

}  // namespace weir::http
