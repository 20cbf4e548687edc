#include "handlers.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "json.hpp"
#include "websocket.hpp"

namespace weir::origin {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t delay_ms_max = 3'600'000;
constexpr std::string_view json_type = "application/json";
constexpr std::string_view text_type = "text/plain";

std::string_view reason(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 24> known{{{200, "OK"},
                                                                    {201, "Created"},
                                                                    {202, "Accepted"},
                                                                    {204, "No Content"},
                                                                    {206, "Partial Content"},
                                                                    {301, "Moved Permanently"},
                                                                    {302, "Found"},
                                                                    {303, "See Other"},
                                                                    {304, "Not Modified"},
                                                                    {307, "Temporary Redirect"},
                                                                    {308, "Permanent Redirect"},
                                                                    {400, "Bad Request"},
                                                                    {401, "Unauthorized"},
                                                                    {403, "Forbidden"},
                                                                    {404, "Not Found"},
                                                                    {405, "Method Not Allowed"},
                                                                    {409, "Conflict"},
                                                                    {426, "Upgrade Required"},
                                                                    {429, "Too Many Requests"},
                                                                    {431, "Request Header Fields Too Large"},
                                                                    {500, "Internal Server Error"},
                                                                    {502, "Bad Gateway"},
                                                                    {503, "Service Unavailable"},
                                                                    {504, "Gateway Timeout"}}};
  for (const auto& [code, text] : known) {
    if (code == status) return text;
  }
  return "Status";
}

/// One request being answered: shortens the signatures below.
struct Context {
  const Request& request;
  const std::string& client;
  Shared& shared;
  Output& out;

  bool keeps_alive() const { return request.keep_alive; }
  bool bare() const { return request.minor_version == 0; }  // HTTP/1.0 knows no chunks
};

void append_status_line(Output& out, int status) {
  out.append("HTTP/1.1 ");
  out.append(static_cast<std::size_t>(status));
  out.append(" ");
  out.append(reason(status));
  out.append("\r\n");
}

/// Status line and common fields; the framing field and the empty line are still missing.
void append_head_start(Output& out, const Context& context, int status, std::string_view content_type,
                       bool close = false) {
  append_status_line(out, status);
  out.append(context.shared.common_fields);
  if (close || !context.keeps_alive()) {
    out.append("Connection: close\r\n");
  } else if (context.bare()) {
    out.append("Connection: keep-alive\r\n");
  }
  if (!content_type.empty()) {
    out.append("Content-Type: ");
    out.append(content_type);
    out.append("\r\n");
  }
}

void append_length(Output& out, std::uint64_t length) {
  out.append("Content-Length: ");
  out.append(static_cast<std::size_t>(length));
  out.append("\r\n\r\n");
}

void append_message(Output& out, const Context& context, int status, std::string_view content_type,
                    std::string_view body) {
  append_head_start(out, context, status, content_type);
  append_length(out, body.size());
  if (!context.request.is_head()) out.append(body);
}

/// The request as it was received, without the closing brace.
std::string describe(const Context& context) {
  const Request& request = context.request;
  std::string json;
  json.reserve(512);
  json += "{\"name\":";
  append_json_string(json, context.shared.options.name);
  json += ",\"version\":";
  append_json_string(json, context.shared.options.version_header);
  json += ",\"method\":";
  append_json_string(json, request.method);
  json += ",\"target\":";
  append_json_string(json, request.target);
  json += ",\"protocol\":";
  append_json_string(json, request.protocol);
  json += ",\"client\":";
  append_json_string(json, context.client);
  json += ",\"headers\":[";
  bool first = true;
  for (const auto& [name, value] : request.headers) {
    json += first ? "[" : ",[";
    first = false;
    append_json_string(json, name);
    json += ',';
    append_json_string(json, value);
    json += ']';
  }
  json += ']';
  return json;
}

/// Head of a 200 with JSON that is sent later, when the output may hold other things; Content-Length is
/// missing.
std::string json_head_start(const Context& context) {
  std::string text = "HTTP/1.1 200 OK\r\n" + context.shared.common_fields;
  if (!context.keeps_alive()) {
    text += "Connection: close\r\n";
  } else if (context.bare()) {
    text += "Connection: keep-alive\r\n";
  }
  return text + "Content-Type: application/json\r\n";
}

Reply root(const Context& context) {
  if (context.request.body == BodyKind::none) {
    append_message(context.out, context, 200, json_type, describe(context) + "}\n");
    return {};
  }
  return {make_report(json_head_start(context), describe(context), context.request.is_head())};
}

Reply bytes(const Context& context, std::uint64_t count) {
  append_head_start(context.out, context, 200, text_type);
  append_length(context.out, count);
  if (context.request.is_head() || count == 0) return {};
  if (count <= pattern().size()) {
    context.out.append_fixed(pattern().substr(0, static_cast<std::size_t>(count)));
    return {};
  }
  return {make_bytes(count)};
}

/// Head of a response whose length is not given: chunked, or ended by the close for HTTP/1.0.
Reply open_ended(const Context& context, std::string_view content_type, std::string_view extra,
                 std::unique_ptr<Responder> responder) {
  append_head_start(context.out, context, 200, content_type, context.bare());
  context.out.append(extra);
  context.out.append(context.bare() ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
  if (context.request.is_head()) responder.reset();
  return {std::move(responder), false, context.bare()};
}

Reply delay(const Context& context, std::uint64_t delay_ms) {
  const std::string body = describe(context) + "}\n";
  std::string text = json_head_start(context) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  if (!context.request.is_head()) text += body;
  return {make_delayed(std::move(text), milliseconds(delay_ms))};
}

Reply status(const Context& context, int code) {
  if (code == 204 || code == 304) {
    append_head_start(context.out, context, code, {});
    context.out.append("\r\n");
    return {};
  }
  const std::string body = "{\"status\":" + std::to_string(code) + "}\n";
  append_message(context.out, context, code, json_type, body);
  return {};
}

Reply echo(const Context& context) {
  const Request& request = context.request;
  if (request.method != "POST" && request.method != "PUT" && request.method != "PATCH") {
    append_message(context.out, context, 405, text_type, "send a body with POST\n");
    return {};
  }
  const bool chunked = request.body == BodyKind::chunked && !context.bare();
  const bool ends_by_close = request.body == BodyKind::chunked && context.bare();
  append_head_start(context.out, context, 200, request.content_type, ends_by_close);
  if (request.body == BodyKind::chunked) {
    context.out.append(chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
  } else {
    append_length(context.out, request.content_length);
  }
  if (request.body == BodyKind::none) return {};
  return {make_echo(chunked), false, ends_by_close};
}

Reply health(const Context& context) {
  const Request& request = context.request;
  if (request.method == "PUT") {
    if (request.path == "/health/down" || request.path == "/health/up") {
      context.shared.healthy = request.path == "/health/up";
    } else {
      append_message(context.out, context, 404, text_type, "PUT /health/up or /health/down\n");
      return {};
    }
  }
  const bool healthy = context.shared.healthy;
  // A PUT is answered 200 in both directions: it did what was asked.
  append_message(context.out, context, healthy || request.method == "PUT" ? 200 : 503, json_type,
                 healthy ? "{\"status\":\"up\"}\n" : "{\"status\":\"down\"}\n");
  return {};
}

Reply websocket(const Context& context) {
  const Request& request = context.request;
  if (!request.upgrades_to_websocket || request.websocket_key.empty()) {
    append_head_start(context.out, context, 426, text_type);
    context.out.append("Upgrade: websocket\r\n");
    append_length(context.out, 0);
    return {};
  }
  context.out.append("HTTP/1.1 101 Switching Protocols\r\n");
  context.out.append(context.shared.common_fields);
  context.out.append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
  context.out.append(websocket_accept(request.websocket_key));
  context.out.append("\r\n\r\n");
  return {nullptr, true, false};
}

Reply half(const Context& context) {
  append_head_start(context.out, context, 200, text_type);
  append_length(context.out, 1000);
  context.out.append(pattern().substr(0, 500));
  return {make_cut(Step::Kind::close), false, true};
}

Reply garbage(const Context& context) {
  static constexpr char bytes[] = "\x16\x03\x01 this is not HTTP\r\n\x00\xff\xfe\r\n\r\n";
  context.out.append(std::string_view(bytes, sizeof bytes - 1));
  return {make_cut(Step::Kind::close), false, true};
}

Reply slow(const Context& context) {
  const std::string_view body = "0123456789012345678901234567890\n";
  append_head_start(context.out, context, 200, text_type);
  append_length(context.out, body.size());
  if (context.request.is_head()) return {};
  return {make_slow(std::string(body))};
}

/// A head that promises more than is sent, and then RST: late enough for the bytes to arrive first.
Reply cut(const Context& context) {
  Reply reply = half(context);
  reply.responder = make_cut(Step::Kind::reset, milliseconds(5));
  return reply;
}

std::string_view query_of(const Request& request) {
  return request.target.substr(std::min(request.target.size(), request.path.size() + 1));
}

/// `PUT /control?fail_percent=5` changes how requests are answered from now on; GET shows it.
Reply control(const Context& context) {
  if (context.request.method == "PUT") {
    const std::string wrong = context.shared.behaviour.change(query_of(context.request));
    if (!wrong.empty()) {
      append_message(context.out, context, 400, text_type, wrong + "\n");
      return {};
    }
  }
  append_message(context.out, context, 200, json_type, to_json(context.shared.behaviour.get()) + "\n");
  return {};
}

/// `PUT /fault/...` changes how every other path but /control and /stats is answered.
Reply fault_setting(const Context& context) {
  const Request& request = context.request;
  const std::string_view words = request.path.substr(std::min<std::size_t>(request.path.size(), 7));
  const auto fault = parse_fault(words, query_of(request));
  if (request.method != "PUT" || !fault) {
    append_message(context.out, context, 404, text_type,
                   "PUT /fault/none, status/N, reset, half, cut, garbage, slow/MS or close; ?percent=N\n");
    return {};
  }
  context.shared.fault.set(*fault);
  append_message(context.out, context, 200, json_type, "{\"fault\":\"set\"}\n");
  return {};
}

Reply stats(const Context& context) {
  const std::string body = "{\"requests\":" + std::to_string(context.shared.requests.load()) + "}\n";
  append_message(context.out, context, 200, json_type, body);
  return {};
}

/// What the fault makes of a request; nothing: it is answered as ever.
std::optional<Reply> misbehave(const Context& context, const Fault& fault, bool reused) {
  switch (fault.mode) {
    case FaultMode::none:
      return std::nullopt;
    case FaultMode::status:
      return status(context, static_cast<int>(fault.value));
    case FaultMode::reset:
      return Reply{make_cut(Step::Kind::reset), false, true};
    case FaultMode::half:
      return half(context);
    case FaultMode::cut:
      return cut(context);
    case FaultMode::garbage:
      return garbage(context);
    case FaultMode::slow:
      return delay(context, fault.value);
    case FaultMode::close:
      if (!reused) return std::nullopt;
      return Reply{make_cut(Step::Kind::close), false, true};
  }
  return std::nullopt;
}

/// The number behind `prefix`, when `path` is prefix + decimal.
bool number_after(std::string_view path, std::string_view prefix, std::uint64_t& value) {
  return path.starts_with(prefix) && parse_decimal(path.substr(prefix.size()), value);
}

/// The answer by path; `fails`: a 500 instead.
Reply answer(const Context& context, bool fails) {
  if (fails) return status(context, 500);
  const std::string_view path = context.request.path;
  std::uint64_t number = 0;
  if (path == "/") return root(context);
  if (number_after(path, "/bytes/", number)) return bytes(context, number);
  if (number_after(path, "/chunked/", number)) {
    return open_ended(context, text_type, {}, make_chunked(number, context.bare()));
  }
  if (path == "/sse") {
    return open_ended(context, "text/event-stream", "Cache-Control: no-cache\r\n",
                      make_events(context.bare()));
  }
  if (number_after(path, "/delay/", number) && number <= delay_ms_max) return delay(context, number);
  if (number_after(path, "/status/", number) && number >= 200 && number <= 599) {
    return status(context, static_cast<int>(number));
  }
  if (path == "/echo") return echo(context);
  if (path == "/ws") return websocket(context);
  if (path == "/reset") return {make_cut(Step::Kind::reset), false, true};
  if (path == "/half") return half(context);
  if (path == "/garbage") return garbage(context);
  if (path == "/slow") return slow(context);
  return root(context);
}

}  // namespace

Reply handle(const Request& request, const std::string& client, bool reused, Shared& shared, Output& out) {
  const Context context{request, client, shared, out};
  const std::string_view path = request.path;
  if (path == "/control") return control(context);
  if (path.starts_with("/fault/")) return fault_setting(context);
  if (path == "/stats") return stats(context);
  shared.requests.fetch_add(1, std::memory_order_relaxed);
  if (auto bad = misbehave(context, shared.fault.next(), reused)) return std::move(*bad);
  // A version that is worse still passes its health check.
  if (path == "/health" || path.starts_with("/health/")) return health(context);
  const Outcome outcome = shared.behaviour.next();
  const bool two_ways = path == "/echo" || path == "/ws";
  if (outcome.delay == milliseconds::zero() || (two_ways && !outcome.fails))
    return answer(context, outcome.fails);
  Output late;
  Reply reply = answer({request, client, shared, late}, outcome.fails);
  reply.responder = make_late(std::move(late), std::move(reply.responder), outcome.delay);
  return reply;
}

void append_refusal(Output& out, int status, const Shared& shared) {
  append_status_line(out, status);
  out.append(shared.common_fields);
  out.append("Connection: close\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace weir::origin
