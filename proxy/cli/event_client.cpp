#include "cli/event_client.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <istream>
#include <ostream>

#include "cli/terminal_text.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;
using boost::asio::ip::tcp;

constexpr std::string_view path = "/api/v1/events";

std::string line_of(const json::value& event) {
  const json::object* const members = event.if_object();
  if (members == nullptr) return {};
  const auto text = [members](std::string_view key) {
    const json::value* const value = members->if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  if (const json::value* const missed = members->if_contains("missed")) {
    return "(" + json::serialize(*missed) + " events are not kept any more)";
  }
  if (text("text").empty()) return {};
  return terminal_text(fmt::format("{} {:<5} {}", text("ts"), text("level"), text("text")));
}

void print(const json::value& event, bool as_json, std::ostream& out) {
  const std::string line = as_json ? json::serialize(event) : line_of(event);
  if (!line.empty()) out << line << std::endl;
}

ClientOutcome list(const AdminTarget& target, bool as_json, std::ostream& out, std::ostream& err) {
  const Asked asked = ask_admin(target, "GET", std::string(path) + "?format=json", err);
  if (asked.outcome != ClientOutcome::done) return asked.outcome;
  boost::system::error_code ec;
  const json::value body = json::parse(asked.body, ec);
  const json::value* const events =
      !ec && body.is_object() ? body.get_object().if_contains("events") : nullptr;
  if (events == nullptr || !events->is_array()) return not_weir(target, err);
  for (const json::value& event : events->get_array()) print(event, as_json, out);
  return ClientOutcome::done;
}

/// The next line without its end; nothing at the end of the stream.
bool read_line(std::istream& stream, std::string& line) {
  line.clear();
  for (char c = 0; line.size() < event_line_bytes_max && stream.get(c);) {
    if (c == '\n') {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return true;
    }
    line += c;
  }
  return false;
}

ClientOutcome follow_stream(const AdminTarget& target, bool as_json, std::ostream& out, std::ostream& err) {
  const std::size_t colon = target.address.rfind(':');
  tcp::iostream stream;
  if (colon != target.address.npos) {
    std::string host = target.address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    stream.connect(host, target.address.substr(colon + 1));
  }
  if (colon == target.address.npos || !stream) {
    return unreachable(target, self_error(ErrorKind::connect_failed, stream.error().message()), err);
  }
  // HTTP/1.0: the body comes unchunked, line by line.
  stream << "GET " << path << " HTTP/1.0\r\nHost: localhost\r\nAccept: text/event-stream\r\n";
  if (!target.token.empty()) stream << "Authorization: Bearer " << target.token << "\r\n";
  stream << "\r\n" << std::flush;
  std::string line;
  if (!read_line(stream, line) || line.find(" 200 ") == line.npos) {
    err << "weir: admin address " << target.address << ": no stream of events: " << terminal_text(line)
        << '\n';
    return ClientOutcome::refused;
  }
  constexpr std::string_view data = "data: ";
  while (read_line(stream, line)) {
    if (!line.starts_with(data)) continue;
    boost::system::error_code ec;
    const json::value event = json::parse(std::string_view(line).substr(data.size()), ec);
    if (!ec) print(event, as_json, out);
  }
  return ClientOutcome::done;
}

}  // namespace

std::string event_line(std::string_view text) {
  boost::system::error_code ec;
  const json::value event = json::parse(text, ec);
  return ec ? std::string() : line_of(event);
}

ClientOutcome show_events(const AdminTarget& target, bool follow, bool as_json, std::ostream& out,
                          std::ostream& err) {
  return follow ? follow_stream(target, as_json, out, err) : list(target, as_json, out, err);
}

}  // namespace weir::control
