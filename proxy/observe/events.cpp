#include "observe/events.hpp"

#include <deque>
#include <mutex>

#include "observe/log.hpp"

namespace weir::observe {
namespace {

struct Kept {
  std::mutex mutex;
  std::deque<Event> events;
  std::uint64_t last_id = 0;
  std::function<void()> listener;
};

Kept& kept() {
  static Kept instance;
  return instance;
}

}  // namespace

void emit(Event event) {
  log(event.level, "{}", event.text);
  event.ts = std::chrono::system_clock::now();
  Kept& all = kept();
  std::function<void()> listener;
  {
    const std::scoped_lock lock(all.mutex);
    event.id = ++all.last_id;
    all.events.push_back(std::move(event));
    if (all.events.size() > events_kept_max) all.events.pop_front();
    listener = all.listener;
  }
  if (listener) listener();
}

std::vector<Event> events_after(std::uint64_t id) {
  Kept& all = kept();
  const std::scoped_lock lock(all.mutex);
  std::vector<Event> found;
  for (const Event& event : all.events) {
    if (event.id > id) found.push_back(event);
  }
  return found;
}

std::uint64_t last_event_id() {
  Kept& all = kept();
  const std::scoped_lock lock(all.mutex);
  return all.last_id;
}

void on_event(std::function<void()> listener) {
  Kept& all = kept();
  const std::scoped_lock lock(all.mutex);
  all.listener = std::move(listener);
}

}  // namespace weir::observe
