// Events for operators: transitions of endpoints, splits and limits, each with its reason and numbers.
// An event goes to the log and into a bounded list, which /api/v1/events shows. Any thread; takes a mutex, so
// it is for what happens rarely, never for a request.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.hpp"

namespace weir::observe {

struct Event {
  std::uint64_t id = 0;  // 1, 2, ...; given by emit
  std::chrono::system_clock::time_point ts;
  config::LogLevel level = config::LogLevel::info;
  std::string kind;      // ejected, recovered, ...
  std::string upstream;  // empty: not about one
  std::string endpoint;  // its label; empty: not about one
  std::string route;     // empty: not about one
  std::string cause;     // a word for why, where the kind has several
  std::vector<std::pair<std::string_view, double>>
      numbers;       // what `text` says in numbers; names are literals
  std::string text;  // what the log says: `ejected blue/10.0.0.3:3000 for 30s: ...`
};

inline constexpr std::size_t events_kept_max = 1024;

/// Logs it and keeps it, with `id` and `ts` set here.
void emit(Event event);
/// Those kept with an id above `id`, oldest first.
std::vector<Event> events_after(std::uint64_t id);
/// The id of the latest; 0: none yet.
std::uint64_t last_event_id();
/// Called after each emit, on its thread, with the mutex released: must only post elsewhere. Empty: none.
void on_event(std::function<void()> listener);

}  // namespace weir::observe
