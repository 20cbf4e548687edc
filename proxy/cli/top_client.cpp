#include "cli/top_client.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>

#include "cli/terminal_text.hpp"
#include "cli/top_stream.hpp"
#include "top/keys.hpp"
#include "top/screen.hpp"
#include "top/view.hpp"

namespace weir::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t plain_columns = 80;
constexpr Milliseconds look_interval{1000};  // how old the numbers are is shown anew

bool wants_colours() {
  const char* const no = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): no other thread yet
  return no == nullptr || *no == '\0';
}

/// COLUMNS, or what the terminal has.
std::size_t columns_of_output() {
  if (const char* const set = std::getenv("COLUMNS")) {  // NOLINT(concurrency-mt-unsafe)
    std::size_t columns = 0;
    const std::string_view text = set;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
    if (error == std::errc{} && stop == text.data() + text.size() && columns > 0) return columns;
  }
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) return window.ws_col;
  return plain_columns;
}

top::Page page_of(const std::string& name) {
  const auto found = std::ranges::find(top::page_names, name);
  return found == top::page_names.end() ? top::Page::overview
                                        : static_cast<top::Page>(found - top::page_names.begin());
}

/// Without a terminal: each second a line of JSON, or once what there is.
class PlainTop {
 public:
  PlainTop(const AdminTarget& target, const TopSetting& setting, std::ostream& out, std::ostream& err)
      : target_(target),
        setting_(setting),
        out_(out),
        err_(err),
        signals_(context_, SIGINT, SIGTERM),
        stream_(context_, target,
                {[this](const std::string& kind, const boost::json::value& data) { take(kind, data); },
                 [this](const std::string& problem, bool refused) { ended(problem, refused); }}) {}

  ClientOutcome run() {
    signals_.async_wait([this](const error_code& error, int) {
      if (!error) context_.stop();
    });
    stream_.start();
    context_.run();
    return outcome_;
  }

 private:
  void take(const std::string& kind, const boost::json::value& data) {
    if (!model_.take(kind, data) || (kind != "snapshot" && kind != "tick")) return;
    if (setting_.as_json) {
      out_ << boost::json::serialize(model_.view()) << std::endl;
    } else {
      print();
    }
    if (setting_.once) context_.stop();
  }

  void print() {
    top::State state;
    state.page = page_of(setting_.page);
    const auto screen = top::render(model_, state, {.is_live = true, .age_seconds = 0, .problem = {}},
                                    {columns_of_output(), 0}, top::shows_unicode());
    for (const top::Line& line : screen.lines) out_ << top::text_of(line) << '\n';
    out_ << std::flush;
  }

  void ended(const std::string& problem, bool refused) {
    if (!refused && model_.has_view() && !setting_.once) return;  // it is asked again
    err_ << "weir: admin address " << target_.address << ": " << terminal_text(problem) << '\n';
    outcome_ = refused ? ClientOutcome::refused : ClientOutcome::unreachable;
    context_.stop();
  }

  const AdminTarget& target_;
  const TopSetting& setting_;
  std::ostream &out_, &err_;
  asio::io_context context_;
  asio::signal_set signals_;
  top::Model model_;
  TopStream stream_;
  ClientOutcome outcome_ = ClientOutcome::done;
};

class LiveTop {
 public:
  LiveTop(const AdminTarget& target, const TopSetting& setting, std::ostream& err)
      : target_(target),
        err_(err),
        input_(context_, ::dup(STDIN_FILENO)),
        signals_(context_, SIGINT, SIGTERM, SIGWINCH),
        look_timer_(context_),
        stream_(context_, target,
                {[this](const std::string& kind, const boost::json::value& data) { take(kind, data); },
                 [this](const std::string& problem, bool refused) { ended(problem, refused); }}),
        unicode_(top::shows_unicode()) {
    state_.page = page_of(setting.page);
  }

  ClientOutcome run() {
    wait_for_signal();
    stream_.start();
    context_.run();
    calls_.join();
    terminal_.reset();
    if (outcome_ != ClientOutcome::done)
      err_ << "weir: admin address " << target_.address << ": " << terminal_text(problem_) << '\n';
    return outcome_;
  }

 private:
  /// Not before there is something to show: where nothing answers, a line says so, not a screen.
  void begin() {
    terminal_.emplace(wants_colours());
    wait_for_key();
    look();
  }

  void take(const std::string& kind, const boost::json::value& data) {
    if (!model_.take(kind, data)) return;
    problem_.clear();
    last_ = Clock::now();
    if (!terminal_) begin();
    if (!state_.is_paused) paint();
  }

  void ended(const std::string& problem, bool refused) {
    problem_ = problem;
    if (terminal_) return paint();
    outcome_ = refused ? ClientOutcome::refused : ClientOutcome::unreachable;
    context_.stop();
  }

  void paint() {
    if (!terminal_) return;
    const double age = std::chrono::duration<double>(Clock::now() - last_).count();
    shown_ = top::render(state_.is_paused ? paused_ : model_, state_,
                         {.is_live = problem_.empty(), .age_seconds = age, .problem = problem_},
                         terminal_->size(), unicode_);
    terminal_->paint(shown_);
  }

  void look() {
    look_timer_.expires_after(look_interval);
    look_timer_.async_wait([this](const error_code& error) {
      if (error) return;
      if (!problem_.empty()) paint();
      look();
    });
  }

  void wait_for_key() {
    input_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
      if (error) return context_.stop();
      bool any = false;
      while (const auto pressed = terminal_->key()) {
        any = true;
        press(*pressed);
        if (state_.is_ending) return context_.stop();
      }
      if (!any && is_closed()) return context_.stop();
      paint();
      wait_for_key();
    });
  }

  /// The terminal is gone: reading would be possible for ever.
  bool is_closed() {
    int waiting = 0;
    return ::ioctl(input_.native_handle(), FIONREAD, &waiting) != 0 || waiting == 0;
  }

  void press(const top::Press& pressed) {
    const bool was_paused = state_.is_paused;
    if (const auto action =
            top::press(state_, shown_, state_.is_paused ? paused_ : model_, pressed, who_asks()))
      call(*action);
    if (state_.is_paused && !was_paused) paused_ = model_;
    paint();
  }

  /// Calls block, so they have a thread of their own, one after the other.
  void call(const top::Action& action) {
    state_.notice = action.command;
    state_.notice_style = top::Style::dim;
    asio::post(calls_, [this, action] {
      std::string said;
      const auto answer = call_admin(target_, "PUT", action.path, client_timeout, action.body);
      const bool is_done = answer && answer->status == 200;
      if (!answer) {
        said = answer.error().detail;
      } else if (!is_done) {
        said = problem_text(*answer);
      }
      asio::post(context_, [this, is_done, said, command = action.command] {
        state_.notice = is_done ? "done: " + command : "refused: " + said;
        state_.notice_style = is_done ? top::Style::good : top::Style::bad;
        paint();
      });
    });
  }

  static std::string problem_text(const AdminAnswer& answer) {
    error_code error;
    const boost::json::value body = boost::json::parse(answer.body, error);
    std::string text = error || !body.is_object() ? "" : top::text_at(body.get_object(), "detail");
    return text.empty() ? fmt::format("status {}", answer.status) : text;
  }

  void wait_for_signal() {
    signals_.async_wait([this](const error_code& error, int number) {
      if (error) return;
      if (number != SIGWINCH) return context_.stop();
      paint();
      wait_for_signal();
    });
  }

  const AdminTarget& target_;
  std::ostream& err_;
  asio::io_context context_;
  asio::thread_pool calls_{1};
  asio::posix::stream_descriptor input_;
  asio::signal_set signals_;
  asio::steady_timer look_timer_;
  top::Model model_, paused_;
  TopStream stream_;
  top::State state_;
  top::Screen shown_;
  std::optional<top::Terminal> terminal_;
  std::string problem_;  // why the stream is not live; empty: it is
  TimePoint last_ = Clock::now();
  const bool unicode_;
  ClientOutcome outcome_ = ClientOutcome::done;
};

}  // namespace

ClientOutcome run_top(const AdminTarget& target, const TopSetting& setting, std::ostream& out,
                      std::ostream& err) {
  if (setting.once || setting.as_json) return PlainTop(target, setting, out, err).run();
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    err << "weir: top needs a terminal; --once prints what it would show, --json the same for programs\n";
    return ClientOutcome::refused;
  }
  return LiveTop(target, setting, err).run();
}

}  // namespace weir::control
