// Requests for the tests of the translation: fields in, one line of text out that says what was understood.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "http2/request.hpp"

namespace weir::http2::testing {

using Lines = std::vector<std::pair<std::string, std::string>>;

inline FieldSection section_of(const Lines& lines) {
  FieldSection section;
  for (const auto& [name, value] : lines) section.add(name, value);
  return section;
}

/// `GET https://h/` and further fields.
inline Lines get(Lines more = {}) {
  Lines lines{{":method", "GET"}, {":scheme", "https"}, {":authority", "h"}, {":path", "/"}};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

/// get() with another value of one of its pseudo-fields.
inline Lines get_with(const std::string& name, const std::string& value) {
  Lines lines = get();
  for (auto& line : lines) {
    if (line.first == name) line.second = value;
  }
  return lines;
}

inline Lines get_without(const std::string& name, Lines more = {}) {
  Lines lines = get(std::move(more));
  std::erase_if(lines, [&](const auto& line) { return line.first == name; });
  return lines;
}

inline Lines post(Lines more = {}) {
  Lines lines = get(std::move(more));
  lines[0].second = "POST";
  return lines;
}

/// An extended CONNECT for WebSocket.
inline Lines websocket(Lines more = {}) {
  Lines lines{{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"},
              {":path", "/chat"},     {":authority", "h"},        {"sec-websocket-version", "13"}};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

inline std::string describe_body(const http::Framing& body) {
  switch (body.kind) {
    case http::BodyKind::none:
      return "";
    case http::BodyKind::length:
      return " body=length:" + std::to_string(body.length);
    case http::BodyKind::chunked:
      return " body=chunked";
    case http::BodyKind::until_close:
      break;
  }
  return " body=?";
}

/// What a head says beside its fields: `POST /a ?q authority=h:1 host=h body=chunked continue trailers via`.
inline std::string describe_facts(const http::RequestHead& head) {
  std::string text(head.method_text);
  text.append(" ").append(head.path);
  if (head.has_query) text.append(" ?").append(head.query);
  if (head.form == http::TargetForm::asterisk) text.append(" asterisk");
  text.append(" authority=").append(head.authority).append(" host=").append(head.host);
  text.append(describe_body(head.body));
  if (!head.keep_alive) text.append(" close");
  if (head.expect_continue) text.append(" continue");
  if (!head.upgrade.empty()) text.append(" upgrade=").append(head.upgrade);
  if (head.tunnel) text.append(" tunnel");
  if (head.accepts_trailers) text.append(" trailers");
  if (head.has_via) text.append(" via");
  return text;
}

/// `a: b` of each field, behind ` | `.
inline std::string describe_fields(const http::RequestHead& head) {
  std::string text;
  for (const http::Field& field : head.fields) {
    text.append(" | ").append(field.name).append(": ").append(field.value);
  }
  return text;
}

/// `malformed: why`, `refused KIND: why`, or the facts and fields.
inline std::string describe(const ReadRequest& read, const http::RequestHead& head) {
  switch (read.kind) {
    case ReadRequest::Kind::malformed:
      return "malformed: " + read.error.detail;
    case ReadRequest::Kind::refused:
      return "refused " + std::string(facts(read.error.kind).name) + ": " + read.error.detail;
    case ReadRequest::Kind::ok:
      break;
  }
  return describe_facts(head) + describe_fields(head);
}

inline constexpr RequestRules rules{.uri_bytes = 64, .websocket_key = "a2V5"};

/// What is understood of `lines`; `ended`: END_STREAM is on them.
inline std::string verdict(const Lines& lines, bool ended = true) {
  FieldSection section = section_of(lines);
  http::RequestHead head;
  const ReadRequest read = read_request(section, ended, rules, head);
  return describe(read, head);
}

}  // namespace weir::http2::testing
