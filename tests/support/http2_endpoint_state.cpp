#include "support/http2_endpoint_state.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace weir::testing {

Http2EndpointState::Http2EndpointState(Http2Script first, Http2EndpointOptions given)
    : options(std::move(given)),
      script(std::move(first)),
      stop_event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Http2EndpointState::wait(const std::string& what, const Deadline& deadline,
                              const std::function<bool()>& condition) const {
  std::unique_lock lock(mutex);
  if (changed.wait_until(lock, deadline.at(), condition)) return;
  std::string text = "the HTTP/2 endpoint waited in vain for " + what + "; it saw " +
                     std::to_string(links.size()) + " connections and " + std::to_string(entries.size()) +
                     " requests";
  for (const Entry& entry : entries) {
    const Http2EndpointRequest& request = entry.request;
    text += "\n  " + request.method + " " + request.path + " on " + std::to_string(request.connection) + "/" +
            std::to_string(request.stream) + ", " + std::to_string(request.body.size()) + " bytes" +
            (request.complete ? ", complete" : "") + (request.reset ? ", reset" : "");
  }
  throw TestFailure(text);
}

std::optional<std::uint32_t> Http2EndpointState::setting(const Link& link, std::uint16_t id) {
  const auto found = link.settings.find(id);
  if (found == link.settings.end()) return std::nullopt;
  return found->second;
}

void Http2EndpointState::wake(const Link& link) {
  const std::uint64_t one = 1;
  if (::write(link.wake.get(), &one, sizeof(one)) < 0) std::abort();
}

void Http2EndpointState::append(Link& link, std::string_view bytes) {
  if (!link.open) return;
  link.out += bytes;
  wake(link);
}

void Http2EndpointState::push(std::size_t request, Item item) {
  Entry& entry = entries[request];
  Link& link = link_of(entry);
  if (entry.over || entry.sent_end || !link.open) return;
  entry.to_send.push_back(std::move(item));
  link.waiting.insert(request);
  pump(request);
}

void Http2EndpointState::pump(std::size_t request) {
  Entry& entry = entries[request];
  Link& link = link_of(entry);
  while (!entry.to_send.empty() && !entry.over) {
    if (!send_item(link, entry, entry.to_send.front())) return;
    entry.to_send.pop_front();
    note_over(entry);
  }
  entry.to_send.clear();
  link.waiting.erase(request);
}

void Http2EndpointState::pump_all(Link& link) {
  const std::set<std::size_t> waiting = link.waiting;
  for (const std::size_t request : waiting) pump(request);
}

/// False: the windows hold some of it.
bool Http2EndpointState::send_item(Link& link, Entry& entry, Item& item) {
  const std::uint32_t stream = entry.request.stream;
  switch (item.kind) {
    case Item::Kind::raw:
      append(link, item.bytes);
      return true;
    case Item::Kind::reset:
      append(link, h2::rst_stream_frame(stream, item.code));
      entry.sent_reset = true;
      return true;
    case Item::Kind::block:
      append_block(link, stream, item);
      if (item.end_stream) entry.sent_end = true;
      return true;
    case Item::Kind::data:
      break;
  }
  do {
    const auto initial =
        static_cast<std::int64_t>(setting(link, h2::initial_window_size)
                                      .value_or(static_cast<std::uint32_t>(h2::default_window_bytes)));
    const std::int64_t frame_max =
        setting(link, h2::max_frame_size).value_or(static_cast<std::uint32_t>(h2::default_frame_bytes_max));
    const std::int64_t window = std::min({initial - entry.send_window_used, link.send_window, frame_max});
    const auto part =
        std::min(item.bytes.size(), static_cast<std::size_t>(std::max<std::int64_t>(window, 0)));
    if (part == 0 && !item.bytes.empty()) return false;
    const bool last = part == item.bytes.size();
    const h2::Flags flags = last && item.end_stream ? h2::end_stream : h2::no_flags;
    append(link, h2::frame(h2::data, flags, stream, std::string_view(item.bytes).substr(0, part)));
    item.bytes.erase(0, part);
    entry.send_window_used += static_cast<std::int64_t>(part);
    link.send_window -= static_cast<std::int64_t>(part);
  } while (!item.bytes.empty());
  if (item.end_stream) entry.sent_end = true;
  return true;
}

/// Blocks beyond the peer's frame size go on in CONTINUATIONs.
void Http2EndpointState::append_block(Link& link, std::uint32_t stream, const Item& item) {
  const std::size_t piece = setting(link, h2::max_frame_size).value_or(h2::default_frame_bytes_max);
  std::string_view block = item.bytes;
  unsigned type = h2::headers;
  h2::Flags flags = item.end_stream ? h2::end_stream : h2::no_flags;
  do {
    const std::string_view part = block.substr(0, piece);
    block.remove_prefix(part.size());
    append(link, h2::frame(type, flags | (block.empty() ? h2::end_headers : h2::no_flags), stream, part));
    type = h2::continuation;
    flags = h2::no_flags;
  } while (!block.empty());
}

void Http2EndpointState::note_over(Entry& entry) {
  const Http2EndpointRequest& request = entry.request;
  if (entry.over) return;
  if (!request.reset && !entry.sent_reset && !(request.complete && entry.sent_end)) return;
  entry.over = true;
  --link_of(entry).active;
  changed.notify_all();
}

}  // namespace weir::testing
