#include "top/screen.hpp"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>

#include <clocale>
#include <cstdio>
#include <string>
#include <string_view>

namespace weir::top {
namespace {

constexpr short good_pair = 1, warn_pair = 2, bad_pair = 3;
constexpr int escape_wait_ms = 25;  // for the rest of a key's sequence

Press special(int key) {
  switch (key) {
    case KEY_UP:
      return {Key::up};
    case KEY_DOWN:
      return {Key::down};
    case KEY_PPAGE:
      return {Key::page_up};
    case KEY_NPAGE:
      return {Key::page_down};
    case KEY_HOME:
      return {Key::home};
    case KEY_END:
      return {Key::end};
    case KEY_BTAB:
      return {Key::back_tab};
    case KEY_ENTER:
      return {Key::enter};
    case KEY_BACKSPACE:
      return {Key::backspace};
    case KEY_F(1):
      return {Key::help};
    case KEY_F(3):
      return {Key::filter};
    case KEY_F(6):
      return {Key::sort};
    case KEY_F(9):
      return {Key::enable};
    case KEY_F(10):
      return {Key::drain};
    default:
      return {Key::other};
  }
}

void append_utf8(std::string& out, wint_t character) {
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  const auto code = static_cast<unsigned>(character);
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

Press character(wint_t code) {
  switch (code) {
    case L'\t':
      return {Key::tab};
    case L'\r':
    case L'\n':
      return {Key::enter};
    case 0x1b:
      return {Key::escape};
    case 0x7f:
    case 0x08:
      return {Key::backspace};
    default:
      break;
  }
  if (code < 0x20) return {Key::other};
  Press pressed{Key::character};
  append_utf8(pressed.text, code);
  return pressed;
}

}  // namespace

Terminal::Terminal(bool colours) : colours_(colours) {
  set_escdelay(escape_wait_ms);
  initscr();
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  curs_set(0);
  colours_ = colours_ && has_colors() == TRUE && start_color() == OK;
  if (!colours_) return;
  use_default_colors();
  init_pair(good_pair, COLOR_GREEN, -1);
  init_pair(warn_pair, COLOR_YELLOW, -1);
  init_pair(bad_pair, COLOR_RED, -1);
}

Terminal::~Terminal() {
  endwin();
}

Size Terminal::size() const {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0 && window.ws_col > 0)
    return {window.ws_col, window.ws_row};
  return {static_cast<std::size_t>(getmaxx(stdscr)), static_cast<std::size_t>(getmaxy(stdscr))};
}

int Terminal::attributes_of(const Span& span, const Line& line) const {
  int attributes = A_NORMAL;
  const auto pair = [this](short number) {
    return colours_ ? static_cast<int>(COLOR_PAIR(number)) : A_NORMAL;
  };
  switch (span.style) {
    case Style::plain:
      break;
    case Style::strong:
      attributes = A_BOLD;
      break;
    case Style::dim:
      attributes = line.heading || line.selected ? A_NORMAL : A_DIM;
      break;
    case Style::good:
      attributes = pair(good_pair);
      break;
    case Style::warn:
      attributes = pair(warn_pair) | A_BOLD;
      break;
    case Style::bad:
      attributes = pair(bad_pair) | A_BOLD;
      break;
  }
  if (line.selected) attributes |= A_REVERSE;
  if (line.heading) attributes |= A_BOLD;
  return attributes;
}

void Terminal::paint(const Screen& screen) {
  const Size now = size();
  if (now.rows != static_cast<std::size_t>(getmaxy(stdscr)) ||
      now.columns != static_cast<std::size_t>(getmaxx(stdscr)))
    resizeterm(static_cast<int>(now.rows), static_cast<int>(now.columns));
  werase(stdscr);
  for (std::size_t row = 0; row < screen.lines.size() && row < now.rows; ++row) {
    const Line& line = screen.lines[row];
    wmove(stdscr, static_cast<int>(row), 0);
    for (const Span& span : line.spans) {
      wattrset(stdscr, attributes_of(span, line));
      waddnstr(stdscr, span.text.data(), static_cast<int>(span.text.size()));
    }
    wattrset(stdscr, A_NORMAL);
  }
  wrefresh(stdscr);
}

std::optional<Press> Terminal::key() {
  wint_t code = 0;
  const int kind = wget_wch(stdscr, &code);
  if (kind == ERR) return std::nullopt;
  return kind == KEY_CODE_YES ? special(static_cast<int>(code)) : character(code);
}

bool shows_unicode() {
  std::setlocale(LC_CTYPE, "");
  return std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
}

}  // namespace weir::top
