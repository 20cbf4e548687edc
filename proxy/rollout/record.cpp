#include "rollout/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>

#include "core/cut_text.hpp"
#include "core/stable_hash.hpp"
#include "rollout/state_text.hpp"

namespace weir::rollout {
namespace {

constexpr std::string_view title = "weir-rollout 1";
constexpr std::array<std::string_view, 3> low_traffic_words{"hold", "promote", "rollback"};
constexpr std::array<std::string_view, 2> shared_cause_words{"hold", "step_back"};
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t word_bytes_max = 32;
/// Times and counters stay below this.
constexpr std::uint64_t count_max = std::uint64_t{1} << 48;

std::string check_line(std::string_view text) {
  return fmt::format("check {:016x}\n", stable_hash({}, text));
}

bool is_word(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && split::is_note(text, bytes_max) && text.find(' ') == text.npos;
}

std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  return word;
}

template <class Number>
bool read_number(std::string_view text, Number& value, int base = 10) {
  const char* const end = text.data() + text.size();
  if (text.empty() || text.front() == '-') return false;
  const auto [stop, ec] = std::from_chars(text.data(), end, value, base);
  return ec == std::errc{} && stop == end && (base == 16 || static_cast<std::uint64_t>(value) <= count_max);
}

template <class Value, std::size_t N>
bool read_word(std::string_view text, const std::array<std::string_view, N>& words, Value& value) {
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) return false;
  value = static_cast<Value>(found - words.begin());
  return true;
}

bool read_time(std::string_view text, Milliseconds& time) {
  std::int64_t ms = 0;
  if (!read_number(text, ms)) return false;
  time = Milliseconds(ms);
  return true;
}

/// Sets those of `flags` that the words of `rest` name, up to a word that is none.
template <std::size_t N>
void take_flags(std::string_view& rest, const std::array<std::pair<std::string_view, bool*>, N>& flags) {
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    const auto flag = std::ranges::find(flags, word, &std::pair<std::string_view, bool*>::first);
    if (flag == flags.end()) return;
    *flag->second = true;
    take_word(rest);
  }
}

/// Reads what write_record writes. Whether it is exactly that is checked afterwards, by writing it again.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Saved> read() {
    if (take_line() != title) return wrong("is not the start of a rollout");
    for (const auto& [key, read] : lines) {
      if (!take_key(key)) return wrong(fmt::format("is not '{}'", key), 1);
      if (!(this->*read)()) return wrong(fmt::format("is not '{}' with what belongs to it", key));
    }
    if (take_key("reason ") && !read_reason()) return wrong("is not a reason");
    while (take_key("known ")) {
      if (!read_known()) return wrong("is not an address, or one too many");
    }
    while (take_key("done ")) {
      if (!read_done()) return wrong("is not something that it did, or one too many");
    }
    if (saved_.record.done.empty()) return wrong("comes before anything that it did", 1);
    if (take_line() != "state") return wrong("is not 'state'");
    auto state = parse_state(rest_);
    if (!state) return self_error(state.error().kind, "its state: " + state.error().detail);
    saved_.state = std::move(*state);
    return std::move(saved_);
  }

 private:
  using Reader = bool (Parser::*)();

  bool read_id() { return read_number(line_, saved_.record.id); }

  bool read_route() {
    saved_.record.names.route = line_;
    return is_word(line_, name_bytes_max);
  }

  bool read_upstreams() {
    Record& record = saved_.record;
    for (std::string* const name : {&record.names.canary, &record.names.comparison, &record.stable}) {
      const std::string_view word = take_word(line_);
      if (!is_word(word, name_bytes_max)) return false;
      *name = word;
    }
    return line_.empty();
  }

  bool read_base() {
    split::NamedWeights& base = saved_.record.base;
    while (!line_.empty()) {
      const std::string_view pair = take_word(line_);
      const std::size_t equals = std::min(pair.find('='), pair.size());
      std::uint32_t weight = 0;
      if (equals == pair.size() || !is_word(pair.substr(0, equals), name_bytes_max) ||
          !read_number(pair.substr(equals + 1), weight) || base.size() == config::split_targets_max)
        return false;
      base.emplace_back(pair.substr(0, equals), weight);
    }
    return !base.empty();
  }

  bool read_steps() {
    std::vector<Share>& steps = saved_.record.settings.steps;
    steps.clear();
    while (!line_.empty()) {
      Share share = 0;
      if (steps.size() == steps_max || !read_number(take_word(line_), share)) return false;
      steps.push_back(share);
    }
    return true;
  }

  bool read_times() {
    Settings& settings = saved_.record.settings;
    for (Milliseconds* const time : {&settings.hold, &settings.max_hold, &settings.warmup}) {
      if (!read_time(take_word(line_), *time)) return false;
    }
    return line_.empty();
  }

  bool read_numbers(std::initializer_list<std::uint32_t*> numbers) {
    for (std::uint32_t* const number : numbers) {
      if (!read_number(take_word(line_), *number)) return false;
    }
    return line_.empty();
  }

  bool read_units() {
    Settings& settings = saved_.record.settings;
    return read_numbers({&settings.min_requests, &settings.min_clients, &settings.replicas});
  }

  bool read_rate() {
    Settings& settings = saved_.record.settings;
    return read_numbers({&settings.false_rollback, &settings.tolerate_failures, &settings.tolerate_latency});
  }

  bool read_on() {
    Settings& settings = saved_.record.settings;
    return read_word(take_word(line_), low_traffic_words, settings.on_low_traffic) &&
           read_word(take_word(line_), shared_cause_words, settings.on_shared_cause) && line_.empty();
  }

  bool read_watch() {
    Settings& settings = saved_.record.settings;
    settings.latency = settings.client_errors = false;
    take_flags(line_, std::array{std::pair{std::string_view("latency"), &settings.latency},
                                 std::pair{std::string_view("client_errors"), &settings.client_errors}});
    return line_.empty();
  }

  bool read_split() {
    Settings& settings = saved_.record.settings;
    take_flags(line_, std::array{std::pair{std::string_view("clients"), &settings.by_client},
                                 std::pair{std::string_view("baseline"), &settings.has_baseline}});
    return line_.empty();
  }

  bool read_key() {
    Record& record = saved_.record;
    for (std::uint64_t* const number :
         {&record.client_key.low, &record.client_key.high, &record.sides_mark}) {
      if (!read_number(take_word(line_), *number, 16)) return false;
    }
    return line_.empty();
  }

  bool read_run() {
    Record& record = saved_.record;
    bool is_aborted = false;
    take_flags(line_, std::array{std::pair{std::string_view("keep"), &record.keep},
                                 std::pair{std::string_view("aborted"), &is_aborted},
                                 std::pair{std::string_view("settled"), &record.is_settled}});
    record.end = is_aborted ? End::aborted : End::none;
    return read_number(line_, record.restarts);
  }

  bool read_who() {
    saved_.record.who = line_;
    return !line_.empty() && split::is_note(line_, split::who_bytes_max);
  }

  bool read_reason() {
    saved_.record.reason = line_;
    return !line_.empty() && split::is_note(line_, split::reason_bytes_max);
  }

  bool read_known() {
    std::vector<std::string>& known = saved_.record.known;
    if (known.size() == known_endpoints_max || !is_word(line_, address_bytes_max)) return false;
    known.emplace_back(line_);
    return true;
  }

  bool read_done() {
    Done done;
    if (!read_number(take_word(line_), done.number) || !read_number(take_word(line_), done.at_ms))
      return false;
    for (std::string* const word : {&done.kind, &done.cause}) {
      *word = take_word(line_);
      if (!is_word(*word, word_bytes_max)) return false;
    }
    if (!read_number(take_word(line_), done.from) || !read_number(take_word(line_), done.to)) return false;
    if (line_.empty() || !split::is_note(line_, sentence_bytes_max)) return false;
    done.sentence = line_;
    std::vector<Done>& all = saved_.record.done;
    if (all.size() == decisions_kept_max) return false;
    all.push_back(std::move(done));
    return true;
  }

  /// The next line is `key` and more: it is taken, and `line_` is what follows.
  bool take_key(std::string_view key) {
    if (!rest_.starts_with(key)) return false;
    line_ = take_line().substr(key.size());
    return true;
  }
  std::string_view take_line() {
    const std::string_view line = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(line.size() + 1, rest_.size()));
    ++number_;
    return line;
  }
  /// Of the line that was taken last, or the one `ahead` of it.
  Error wrong(std::string_view what, int ahead = 0) const {
    return self_error(ErrorKind::internal, fmt::format("line {} {}", number_ + ahead, what));
  }

  /// Keys whose words may all be absent have no space behind them then.
  bool take_space() {
    if (line_.empty()) return true;
    const bool is_space = line_.starts_with(' ');
    line_.remove_prefix(1);
    return is_space;
  }
  bool read_watch_line() { return take_space() && read_watch(); }
  bool read_split_line() { return take_space() && read_split(); }

  static constexpr std::array<std::pair<std::string_view, Reader>, 14> lines{
      {{"id ", &Parser::read_id},
       {"route ", &Parser::read_route},
       {"upstreams ", &Parser::read_upstreams},
       {"base ", &Parser::read_base},
       {"steps ", &Parser::read_steps},
       {"times ", &Parser::read_times},
       {"units ", &Parser::read_units},
       {"rate ", &Parser::read_rate},
       {"on ", &Parser::read_on},
       {"watch", &Parser::read_watch_line},
       {"split", &Parser::read_split_line},
       {"key ", &Parser::read_key},
       {"run ", &Parser::read_run},
       {"who ", &Parser::read_who}}};

  std::string_view rest_, line_;
  int number_ = 0;
  Saved saved_;
};

void write_settings(std::string& text, const Settings& settings) {
  const auto out = std::back_inserter(text);
  text += "steps";
  for (const Share share : settings.steps) fmt::format_to(out, " {}", share);
  fmt::format_to(out, "\ntimes {} {} {}\nunits {} {} {}\nrate {} {} {}\non {} {}\n", settings.hold.count(),
                 settings.max_hold.count(), settings.warmup.count(), settings.min_requests,
                 settings.min_clients, settings.replicas, settings.false_rollback, settings.tolerate_failures,
                 settings.tolerate_latency,
                 low_traffic_words[static_cast<std::size_t>(settings.on_low_traffic)],
                 shared_cause_words[static_cast<std::size_t>(settings.on_shared_cause)]);
  fmt::format_to(out, "watch{}{}\nsplit{}{}\n", settings.latency ? " latency" : "",
                 settings.client_errors ? " client_errors" : "", settings.by_client ? " clients" : "",
                 settings.has_baseline ? " baseline" : "");
}

}  // namespace

void add_done(Record& record, Done done) {
  done.number = record.done.empty() ? 1 : record.done.back().number + 1;
  done.sentence.resize(cut_text(done.sentence, sentence_bytes_max).size());
  if (record.done.size() == decisions_kept_max) record.done.erase(record.done.begin());
  record.done.push_back(std::move(done));
}

std::string write_record(const Record& record, const State& state) {
  std::string text(title);
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "\nid {}\nroute {}\nupstreams {} {} {}\nbase {}\n", record.id, record.names.route,
                 record.names.canary, record.names.comparison, record.stable, split::to_string(record.base));
  write_settings(text, record.settings);
  fmt::format_to(out, "key {:016x} {:016x} {:016x}\nrun{}{}{} {}\nwho {}\n", record.client_key.low,
                 record.client_key.high, record.sides_mark, record.keep ? " keep" : "",
                 record.end == End::aborted ? " aborted" : "", record.is_settled ? " settled" : "",
                 record.restarts, record.who);
  if (!record.reason.empty()) fmt::format_to(out, "reason {}\n", record.reason);
  for (const std::string& address : record.known) fmt::format_to(out, "known {}\n", address);
  for (const Done& done : record.done) {
    fmt::format_to(out, "done {} {} {} {} {} {} {}\n", done.number, done.at_ms, done.kind, done.cause,
                   done.from, done.to, done.sentence);
  }
  text += "state\n";
  text += write_state(state);
  return text + check_line(text);
}

Result<Saved> parse_record(std::string_view text) {
  const std::size_t check_bytes = check_line({}).size();
  if (text.size() > record_bytes_max) return self_error(ErrorKind::internal, "larger than a rollout can be");
  if (text.size() < check_bytes) return self_error(ErrorKind::internal, "too short for a rollout");
  const std::string_view body = text.substr(0, text.size() - check_bytes);
  if (!body.ends_with('\n') || text.substr(body.size()) != check_line(body))
    return self_error(ErrorKind::internal, "the last line is not the check of what is before it");
  auto saved = Parser(body).read();
  if (saved && write_record(saved->record, saved->state) != text)
    return self_error(ErrorKind::internal, "not as it is written: order, spaces or leading zeros");
  return saved;
}

}  // namespace weir::rollout
