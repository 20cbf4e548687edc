// What the person at the terminal has chosen: which page, which row, what is typed. Pure values; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "top/line.hpp"
#include "top/table.hpp"

namespace weir::top {

enum class Page : std::uint8_t { overview, upstreams, routes, rollouts, limits, events, workers };
inline constexpr std::array<std::string_view, 7> page_names{"overview", "upstreams", "routes", "rollouts",
                                                            "limits",   "events",    "workers"};

/// A change that was confirmed, for the admin address.
struct Action {
  std::string path, body;  // of a PUT
  std::string command;     // the command line that does the same
};

/// The weights of a split that are about to be set.
struct SplitChange {
  std::string route, target, tag;                      // tag: of the generation that was looked at
  std::vector<std::pair<std::string, double>> shares;  // of all targets, from 0 to 1, before
  double share = 0;                                    // of the target, after
};

struct EndpointChange {
  std::string upstream, address;
  bool enable = false;
};

/// A line that is being typed.
struct Prompt {
  std::string text;
  std::optional<EndpointChange> endpoint;  // with its reason
  std::optional<SplitChange> split;        // the same
  bool is_filter() const { return !endpoint && !split; }
};

struct State {
  Page page = Page::overview;
  std::string filter;
  std::string selected;             // id of a row
  std::vector<std::string> pinned;  // ids
  Order order;
  std::size_t scroll = 0;  // lines of the page above the screen
  bool is_paused = false, shows_help = false, is_ending = false;
  std::optional<Prompt> prompt;
  std::string notice;  // how the last action ended
  Style notice_style = Style::plain;
};

/// How the stream is doing.
struct Link {
  bool is_live = false;
  double age_seconds = 0;  // of what is shown
  std::string problem;     // why it is not live
};

/// The weights, in tenths of a percent, that give the target its new share; the others share the rest as they did.
std::vector<std::pair<std::string, unsigned>> weights_after(const SplitChange& change);

Action action_of(const EndpointChange& change, const std::string& reason, const std::string& who);
Action action_of(const SplitChange& change, const std::string& reason, const std::string& who);
/// What a prompt asks: `Drain blue/127.0.0.1:9001. Reason: `.
std::string question(const Prompt& prompt);

}  // namespace weir::top
