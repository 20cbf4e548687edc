#include "top/keys.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>
#include <utility>

namespace weir::top {
namespace {

namespace json = boost::json;

constexpr double weight_step = 0.05, weight_step_small = 0.01;
constexpr std::size_t prompt_bytes_max = 200;
constexpr std::string_view endpoint_prefix = "endpoint:", target_prefix = "target:";

void say(State& state, std::string text, Style style = Style::warn) {
  state.notice = std::move(text);
  state.notice_style = style;
}

void show(State& state, Page page) {
  state.page = page;
  state.shows_help = false;
  state.selected.clear();
  state.scroll = 0;
  state.order = {};
}

void turn_page(State& state, bool forward) {
  const std::size_t pages = page_names.size(), now = static_cast<std::size_t>(state.page);
  show(state, static_cast<Page>((now + (forward ? 1 : pages - 1)) % pages));
}

/// Down by `rows`, or up: to another row where there are any, else the text moves.
void move(State& state, const Screen& screen, std::ptrdiff_t rows) {
  const auto moved = [rows](std::size_t from, std::size_t most) {
    const auto to = static_cast<std::ptrdiff_t>(from) + rows;
    return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(to, 0, static_cast<std::ptrdiff_t>(most)));
  };
  state.scroll = screen.scroll;
  if (screen.ids.empty()) {
    state.scroll = moved(screen.scroll, screen.scroll + screen.body_rows);
    return;
  }
  const auto at = std::ranges::find(screen.ids, screen.selected) - screen.ids.begin();
  const std::size_t to = moved(static_cast<std::size_t>(at), screen.ids.size() - 1);
  state.selected = screen.ids[to];
  if (to == 0) state.scroll = 0;
}

void pin(State& state, const Screen& screen) {
  if (screen.selected.empty()) return;
  if (std::erase(state.pinned, screen.selected) == 0) state.pinned.push_back(screen.selected);
  state.selected = screen.selected;
}

/// `endpoint:blue/127.0.0.1:9001` -> upstream and address; names of upstreams have no slash.
std::optional<std::pair<std::string, std::string>> parts_of(std::string_view id, std::string_view prefix) {
  const std::size_t slash = id.find('/');
  if (!id.starts_with(prefix) || slash == id.npos) return std::nullopt;
  return std::pair(std::string(id.substr(prefix.size(), slash - prefix.size())),
                   std::string(id.substr(slash + 1)));
}

void ask_endpoint(State& state, const Screen& screen, bool enable) {
  const auto parts = parts_of(screen.selected, endpoint_prefix);
  if (!parts) return say(state, "Choose an endpoint on page 2 first.");
  state.prompt.emplace().endpoint = EndpointChange{parts->first, parts->second, enable};
}

void ask_weight(State& state, const Screen& screen, const Model& model, double step) {
  const auto parts = parts_of(screen.selected, target_prefix);
  if (!parts) return say(state, "Choose a target of a split on page 3 first.");
  const json::object& split = object_at(object_at(model.view(), "splits"), parts->first);
  SplitChange change;
  change.route = parts->first;
  change.target = parts->second;
  change.tag = text_at(split, "tag");
  const json::value* const targets = split.if_contains("targets");
  if (targets == nullptr || !targets->is_array()) return;
  for (const json::value& target : targets->get_array()) {
    if (!target.is_object()) continue;
    const std::string name = text_at(target.get_object(), "upstream");
    const double share = number_at(target.get_object(), "share").value_or(0);
    change.shares.emplace_back(name, share);
    if (name == change.target) change.share = std::clamp(share + step, 0.0, 1.0);
  }
  if (change.shares.size() < 2) return say(state, "The split has one target only.");
  state.prompt.emplace().split = std::move(change);
}

void type(State& state, const std::string& text) {
  if (state.prompt->text.size() + text.size() <= prompt_bytes_max) state.prompt->text += text;
  if (state.prompt->is_filter()) state.filter = state.prompt->text;
}

void erase_last(State& state) {
  std::string& text = state.prompt->text;
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
  if (state.prompt->is_filter()) state.filter = text;
}

std::optional<Action> confirm(State& state, const std::string& who) {
  const Prompt prompt = *std::exchange(state.prompt, std::nullopt);
  if (prompt.endpoint) return action_of(*prompt.endpoint, prompt.text, who);
  if (prompt.split) return action_of(*prompt.split, prompt.text, who);
  return std::nullopt;
}

std::optional<Action> press_in_prompt(State& state, const Press& pressed, const std::string& who) {
  const auto add_share = [&](double step) {
    if (state.prompt->split) {
      double& share = state.prompt->split->share;
      share = std::clamp(share + step, 0.0, 1.0);
    }
  };
  switch (pressed.key) {
    case Key::character:
      type(state, pressed.text);
      break;
    case Key::backspace:
      erase_last(state);
      break;
    case Key::up:
      add_share(weight_step_small);
      break;
    case Key::down:
      add_share(-weight_step_small);
      break;
    case Key::enter:
      return confirm(state, who);
    case Key::escape:
      if (state.prompt->is_filter()) state.filter.clear();
      state.prompt.reset();
      break;
    default:
      break;
  }
  return std::nullopt;
}

void press_character(State& state, const Screen& screen, const Model& model, char character) {
  switch (character) {
    case 'q':
      state.is_ending = true;
      break;
    case 'h':
    case '?':
      state.shows_help = !state.shows_help;
      break;
    case '/':
      state.prompt.emplace().text = state.filter;
      break;
    case 's':
      ++state.order.column;
      state.order.descending = true;
      break;
    case 'S':
      state.order.descending = !state.order.descending;
      break;
    case ' ':
      pin(state, screen);
      break;
    case 'e':
      ask_endpoint(state, screen, true);
      break;
    case 'd':
      ask_endpoint(state, screen, false);
      break;
    case '+':
      ask_weight(state, screen, model, weight_step);
      break;
    case '-':
      ask_weight(state, screen, model, -weight_step);
      break;
    case 'p':
      state.is_paused = !state.is_paused;
      break;
    default:
      if (character >= '1' && character < '1' + static_cast<char>(page_names.size()))
        show(state, static_cast<Page>(character - '1'));
  }
}

}  // namespace

std::optional<Action> press(State& state, const Screen& screen, const Model& model, const Press& pressed,
                            const std::string& who) {
  if (state.prompt) return press_in_prompt(state, pressed, who);
  state.notice.clear();
  const auto page_rows = static_cast<std::ptrdiff_t>(std::max<std::size_t>(screen.body_rows, 2) - 1);
  constexpr std::ptrdiff_t far = 1'000'000;
  switch (pressed.key) {
    case Key::up:
      move(state, screen, -1);
      break;
    case Key::down:
      move(state, screen, 1);
      break;
    case Key::page_up:
      move(state, screen, -page_rows);
      break;
    case Key::page_down:
      move(state, screen, page_rows);
      break;
    case Key::home:
      move(state, screen, -far);
      break;
    case Key::end:
      move(state, screen, far);
      break;
    case Key::tab:
      turn_page(state, true);
      break;
    case Key::back_tab:
      turn_page(state, false);
      break;
    case Key::escape:
      state.filter.clear();
      state.shows_help = false;
      break;
    case Key::help:
      press_character(state, screen, model, '?');
      break;
    case Key::filter:
      press_character(state, screen, model, '/');
      break;
    case Key::sort:
      press_character(state, screen, model, 's');
      break;
    case Key::enable:
      press_character(state, screen, model, 'e');
      break;
    case Key::drain:
      press_character(state, screen, model, 'd');
      break;
    case Key::character:
      if (pressed.text.size() == 1) press_character(state, screen, model, pressed.text.front());
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace weir::top
