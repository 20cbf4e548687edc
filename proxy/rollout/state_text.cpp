#include "rollout/state_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <span>
#include <utility>

#include "core/stable_hash.hpp"

namespace weir::rollout {
namespace {

constexpr std::string_view title = "weir-rollout-state 1";
constexpr std::array<std::string_view, 3> phases{"running", "finished", "rolled_back"};
constexpr std::array<std::string_view, 4> holds{"shared_cause", "suspicious", "low_traffic", "none"};
constexpr std::array<std::string_view, signal_count> signals{"failures", "slow95", "slow50", "client_errors"};
constexpr std::array<std::string_view, 2> grades{"half", "full"};
constexpr std::array<std::string_view, side_count> sides{"comparison", "canary"};
constexpr std::string_view none = "none";

/// Counters and clocks stay below this, so that no sum or product of them overflows.
constexpr std::uint64_t count_max = std::uint64_t{1} << 44;
constexpr std::size_t words_max = 24;

void write_totals(std::string& text, const SideTotals& totals) {
  for (const Totals& side : totals)
    fmt::format_to(std::back_inserter(text), " {} {} {}", side.requests, side.failed, side.client_errors);
  text += '\n';
}

void write_latency(std::string& text, std::string_view span, const SideLatency& latency) {
  for (std::size_t side = 0; side < side_count; ++side) {
    if (latency[side].total() == 0) continue;
    fmt::format_to(std::back_inserter(text), "latency {} {}", span, sides[side]);
    for (std::size_t i = 0; i < bucket_count; ++i) {
      if (latency[side].counts[i] != 0)
        fmt::format_to(std::back_inserter(text), " {}:{}", i, latency[side].counts[i]);
    }
    text += '\n';
  }
}

void write_period(std::string& text, const Period& period) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "period {} {}\ncounted", period.place, period.began_ms);
  write_totals(text, period.totals);
  for (std::size_t signal = 0; signal < signal_count; ++signal) {
    for (const Tally& tally : period.tallies[signal]) {
      fmt::format_to(out, "tally {} {} {} {} {} {}\n", signals[signal], tally.chance.canary, tally.chance.of,
                     grades[static_cast<std::size_t>(tally.badness) - 1], tally.events, tally.on_canary);
    }
  }
}

void write_clients(std::string& text, const Clients& clients) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "sampled {}\n", clients.sampled_bits());
  std::vector<std::uint64_t> order;
  order.reserve(clients.all().size());
  for (const auto& [hash, client] : clients.all()) order.push_back(hash);
  std::ranges::sort(order);
  for (const std::uint64_t hash : order) {
    const Client& client = clients.all().at(hash);
    fmt::format_to(out, "client {:016x}", hash);
    for (const Place& place : client.places) fmt::format_to(out, " {} {}", place.from, place.to);
    fmt::format_to(out, " {} {} {} {}", sides[index(client.side)], client.requests, client.slow95,
                   client.slow50);
    if (client.is_seen) text += " seen";
    if (client.failed) text += " failed";
    if (client.client_error) text += " client_error";
    if (client.is_closed) text += " closed";
    text += '\n';
  }
}

/// Reads what write_state writes. Whether it is exactly that is checked afterwards, by writing it again.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<State> read() {
    next();
    if (line_ != title) return wrong("is not the start of a rollout's state");
    next();
    if (!read_head()) return wrong(problem_);
    while (is("latency")) {
      if (!read_latency()) return wrong("is not a histogram");
      next();
    }
    while (is("period")) {
      if (!read_period()) return wrong("is not a period, or one too many");
    }
    if (!read_clients()) return wrong("is not a client, or there are too many");
    if (count_ != 0) return wrong("is not expected here");
    return std::move(state_);
  }

 private:
  bool read_head() {
    const bool fine = (expect("phase", 2, "is not a phase") && word(1, phases, state_.phase)) && step() &&
                      (expect("held", 2, "is not what holds it") && read_held()) && step() &&
                      (is("flags") && read_flags()) && step() &&
                      (expect("weights", 4, "is not the weights") && number(1, state_.publication) &&
                       number(2, state_.step) && number(3, state_.share)) &&
                      step() &&
                      (expect("step", 5, "is not the step") && number(1, state_.quarter) &&
                       number(2, state_.prolongations) && number(3, state_.extra_periods) &&
                       number(4, state_.step_period)) &&
                      step() && (expect("clocks", 7, "is not the clocks") && read_clocks()) && step() &&
                      (is("bounds") && read_bounds()) && step() &&
                      (expect("totals", 7, "is not totals") && totals(state_.step_totals));
    if (fine) next();
    return fine;
  }

  bool step() {
    next();
    problem_ = "is not what belongs here";
    return true;
  }

  bool read_held() {
    std::size_t which = 0;
    if (!word(1, holds, which)) return false;
    if (which + 1 < holds.size()) state_.held = static_cast<Held>(which);
    return true;
  }

  bool read_flags() {
    for (std::size_t i = 1; i < count_; ++i) {
      bool* const flag = words_[i] == "operator" ? &state_.is_operator_hold
                         : words_[i] == "noted"  ? &state_.is_noted
                         : words_[i] == "seen"   ? &state_.canary_seen
                                                 : nullptr;
      if (flag == nullptr) return false;
      *flag = true;
    }
    return true;
  }

  bool read_clocks() {
    Clocks& clocks = state_.clocks;
    std::size_t at = 1;
    for (std::int64_t* const clock : {&clocks.rollout_ms, &clocks.step_ms, &clocks.hold_ms,
                                      &clocks.warmup_left_ms, &clocks.canary_down_ms, &clocks.calm_ms}) {
      if (!number(at++, *clock)) return false;
    }
    return true;
  }

  bool read_bounds() {
    if (count_ == 2) return words_[1] == none;
    Bucket slow95 = 0, slow50 = 0;
    if (count_ != 3 || !number(1, slow95) || !number(2, slow50)) return false;
    if (slow95 >= bucket_count || slow50 >= bucket_count) return false;
    state_.bounds = {slow95, slow50};
    return true;
  }

  bool read_latency() {
    std::size_t span = 0, side = 0;
    // More words than a line of others has: taken apart here.
    std::string_view rest = line_;
    for (int i = 0; i < 3; ++i) take_word(rest);
    if (!word(1, std::array<std::string_view, 2>{"step", "period"}, span) || !word(2, sides, side))
      return false;
    Histogram& histogram = (span == 0 ? state_.step_latency : state_.period_latency)[side];
    while (!rest.empty()) {
      const std::string_view pair = take_word(rest);
      const std::size_t colon = std::min(pair.find(':'), pair.size());
      Bucket bucket = 0;
      std::uint64_t times = 0;
      if (colon == pair.size() || !parse(pair.substr(0, colon), bucket) ||
          !parse(pair.substr(colon + 1), times))
        return false;
      if (bucket >= bucket_count) return false;
      histogram.counts[bucket] = times;
    }
    return true;
  }

  bool read_period() {
    Period period;
    if (count_ != 3 || !number(1, period.place) || !number(2, period.began_ms)) return false;
    next();
    if (!expect("counted", 7, "") || !totals(period.totals)) return false;
    next();
    for (; is("tally"); next()) {
      if (!read_tally(period)) return false;
    }
    if (state_.periods.size() == periods_max) return false;
    state_.periods.push_back(std::move(period));
    return true;
  }

  bool read_tally(Period& period) {
    std::size_t signal = 0, grade = 0;
    Tally tally;
    if (count_ != 7 || !word(1, signals, signal) || !number(2, tally.chance.canary) ||
        !number(3, tally.chance.of) || !word(4, grades, grade) || !number(5, tally.events) ||
        !number(6, tally.on_canary))
      return false;
    tally.badness = static_cast<Badness>(grade + 1);
    if (!tally.chance.is_open() || tally.chance.of > whole || tally.on_canary > tally.events ||
        tally.events == 0)
      return false;
    Tallies& tallies = period.tallies[signal];
    if (tallies.size() == tallies_max) return false;
    tallies.push_back(tally);
    return true;
  }

  bool read_clients() {
    unsigned sampled_bits = 0;
    if (!expect("sampled", 2, "") || !number(1, sampled_bits)) return false;
    next();
    std::unordered_map<std::uint64_t, Client> clients;
    for (; is("client"); next()) {
      if (clients.size() == clients_max || !read_client(clients)) return false;
    }
    return state_.clients.restore(std::move(clients), sampled_bits);
  }

  bool read_client(std::unordered_map<std::uint64_t, Client>& clients) {
    Client client;
    std::uint64_t hash = 0;
    if (count_ < 12 || !parse(words_[1], hash, 16)) return false;
    std::size_t at = 2;
    for (Place& place : client.places) {
      if (!number(at, place.from) || !number(at + 1, place.to)) return false;
      if (place.from > place.to || place.to > whole) return false;
      at += 2;
    }
    if (!word(at, sides, client.side) || !number(at + 1, client.requests) || !number(at + 2, client.slow95) ||
        !number(at + 3, client.slow50))
      return false;
    if (client.requests > slow_requests_max || std::max(client.slow95, client.slow50) > client.requests)
      return false;
    for (at += 4; at < count_; ++at) {
      bool* const flag = words_[at] == "seen"           ? &client.is_seen
                         : words_[at] == "failed"       ? &client.failed
                         : words_[at] == "client_error" ? &client.client_error
                         : words_[at] == "closed"       ? &client.is_closed
                                                        : nullptr;
      if (flag == nullptr) return false;
      *flag = true;
    }
    return clients.emplace(hash, client).second;
  }

  bool totals(SideTotals& totals) {
    std::size_t at = 1;
    for (Totals& side : totals) {
      if (!number(at, side.requests) || !number(at + 1, side.failed) || !number(at + 2, side.client_errors))
        return false;
      at += 3;
    }
    return true;
  }

  template <class Number>
  static bool parse(std::string_view text, Number& value, int base = 10) {
    const char* const end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, value, base);
    const bool fine = ec == std::errc{} && stop == end && !text.empty() && text.front() != '-';
    return fine && (base == 16 || static_cast<std::uint64_t>(value) <= count_max);
  }
  template <class Number>
  bool number(std::size_t at, Number& value) const {
    return at < count_ && parse(words_[at], value);
  }
  template <std::size_t N, class Value>
  bool word(std::size_t at, const std::array<std::string_view, N>& names, Value& value) const {
    const auto found = at < count_ ? std::ranges::find(names, words_[at]) : names.end();
    if (found == names.end()) return false;
    value = static_cast<Value>(found - names.begin());
    return true;
  }

  static std::string_view take_word(std::string_view& rest) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    return word;
  }
  /// The next line, and its first words_max words.
  void next() {
    line_ = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(line_.size() + 1, rest_.size()));
    ++number_;
    count_ = 0;
    std::string_view left = line_;
    while (!left.empty() && count_ < words_max) words_[count_++] = take_word(left);
  }
  bool is(std::string_view key) const { return count_ > 0 && words_[0] == key; }
  bool expect(std::string_view key, std::size_t words, std::string_view problem) {
    problem_ = problem;
    return is(key) && count_ == words;
  }
  Error wrong(std::string_view what) const {
    return self_error(ErrorKind::internal, fmt::format("line {} {}", number_, what));
  }

  std::string_view rest_, line_, problem_;
  std::array<std::string_view, words_max> words_;
  std::size_t count_ = 0;
  int number_ = 0;
  State state_;
};

std::string check_line(std::string_view text) {
  return fmt::format("check {:016x}\n", stable_hash({}, text));
}

}  // namespace

std::string write_state(const State& state) {
  std::string text(title);
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "\nphase {}\nheld {}\nflags{}{}{}\n", phases[static_cast<std::size_t>(state.phase)],
                 state.held ? holds[static_cast<std::size_t>(*state.held)] : none,
                 state.is_operator_hold ? " operator" : "", state.is_noted ? " noted" : "",
                 state.canary_seen ? " seen" : "");
  fmt::format_to(out, "weights {} {} {}\nstep {} {} {} {}\n", state.publication, state.step, state.share,
                 state.quarter, state.prolongations, state.extra_periods, state.step_period);
  const Clocks& clocks = state.clocks;
  fmt::format_to(out, "clocks {} {} {} {} {} {}\n", clocks.rollout_ms, clocks.step_ms, clocks.hold_ms,
                 clocks.warmup_left_ms, clocks.canary_down_ms, clocks.calm_ms);
  if (state.bounds.slow95 && state.bounds.slow50) {
    fmt::format_to(out, "bounds {} {}\ntotals", *state.bounds.slow95, *state.bounds.slow50);
  } else {
    fmt::format_to(out, "bounds {}\ntotals", none);
  }
  write_totals(text, state.step_totals);
  write_latency(text, "step", state.step_latency);
  write_latency(text, "period", state.period_latency);
  for (const Period& period : state.periods) write_period(text, period);
  write_clients(text, state.clients);
  return text + check_line(text);
}

Result<State> parse_state(std::string_view text) {
  const std::size_t check_bytes = check_line({}).size();
  if (text.size() > state_bytes_max)
    return self_error(ErrorKind::internal, "larger than a rollout's state can be");
  if (text.size() < check_bytes) return self_error(ErrorKind::internal, "too short for a rollout's state");
  const std::string_view body = text.substr(0, text.size() - check_bytes);
  if (!body.ends_with('\n') || text.substr(body.size()) != check_line(body))
    return self_error(ErrorKind::internal, "the last line is not the check of what is before it");
  auto state = Parser(body).read();
  if (state && write_state(*state) != text)
    return self_error(ErrorKind::internal, "not as it is written: order, spaces or leading zeros");
  return state;
}

}  // namespace weir::rollout
