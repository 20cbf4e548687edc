// What a key does: changes the state, and at the end of a prompt gives the action that was confirmed. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "top/model.hpp"
#include "top/state.hpp"
#include "top/view.hpp"

namespace weir::top {

enum class Key : std::uint8_t {
  character,
  up,
  down,
  page_up,
  page_down,
  home,
  end,
  tab,
  back_tab,
  enter,
  escape,
  backspace,
  help,    // F1
  filter,  // F3
  sort,    // F6
  enable,  // F9
  drain,   // F10
  other,
};

struct Press {
  Key key = Key::other;
  std::string text{};  // a character in UTF-8
};

/// `screen`: what was shown when the key was pressed. `who`: who asks, for the audit.
std::optional<Action> press(State& state, const Screen& screen, const Model& model, const Press& pressed,
                            const std::string& who);

}  // namespace weir::top
