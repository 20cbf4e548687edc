#include "support/http_message.hpp"

#include <algorithm>
#include <cstdlib>

namespace weir::testing {
namespace {

constexpr std::size_t body_bytes_max = 256 * 1024 * 1024;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Fields of a block of `Name: value\r\n` lines.
Fields parse_fields(std::string_view block) {
  Fields fields;
  while (!block.empty()) {
    const std::size_t end = block.find("\r\n");
    const std::string_view line = block.substr(0, end);
    const std::size_t colon = line.find(':');
    if (!line.empty() && colon != std::string_view::npos) {
      fields.all.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    }
    if (end == std::string_view::npos) break;
    block.remove_prefix(end + 2);
  }
  return fields;
}

bool parse_head(const std::string& raw, Message& message) {
  const std::size_t end = raw.find("\r\n");
  if (end == std::string::npos) return false;
  message.raw_head = raw;
  message.start_line = raw.substr(0, end);
  message.fields = parse_fields(std::string_view(raw).substr(end + 2));
  message.chunked = message.fields.has_token("Transfer-Encoding", "chunked");
  return true;
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return result;
}

std::optional<std::string> Fields::find(std::string_view name) const {
  for (const auto& [key, value] : all) {
    if (to_lower(key) == to_lower(name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Fields::values(std::string_view name) const {
  std::vector<std::string> result;
  for (const auto& [key, value] : all) {
    if (to_lower(key) == to_lower(name)) result.push_back(value);
  }
  return result;
}

bool Fields::has_token(std::string_view name, std::string_view token) const {
  for (const std::string& value : values(name)) {
    std::string_view rest = value;
    for (;;) {
      const std::size_t comma = rest.find(',');
      if (to_lower(trim(rest.substr(0, comma))) == to_lower(token)) return true;
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

std::optional<Response> parse_response_head(const std::string& raw) {
  Response response;
  if (!parse_head(raw, response)) return std::nullopt;
  const std::string& line = response.start_line;
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return std::nullopt;
  response.protocol = line.substr(0, 8);
  response.status = std::atoi(line.substr(9, 3).c_str());
  response.reason = line.size() > 13 ? line.substr(13) : "";
  return response;
}

std::optional<Request> parse_request_head(const std::string& raw) {
  Request request;
  if (!parse_head(raw, request)) return std::nullopt;
  const std::string& line = request.start_line;
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string::npos || first == last) return std::nullopt;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  request.protocol = line.substr(last + 1);
  return request;
}

std::string describe(const Message& message) {
  return message.raw_head + message.body.substr(0, 2048) + "\n[" + std::to_string(message.body.size()) +
         " body bytes, " + (message.complete ? "complete" : "cut short") + ", then " +
         to_string(message.ended) + "]";
}

StreamEvent MessageReader::fill(const Deadline& deadline) {
  const std::size_t before = buffer_.size();
  last_event_ = stream_.read_some(buffer_, deadline);
  if (listener_ && buffer_.size() > before) listener_(std::string_view(buffer_).substr(before));
  return last_event_;
}

std::optional<std::string> MessageReader::take_until(std::string_view end, const Deadline& deadline) {
  std::size_t searched = 0;
  for (;;) {
    const std::size_t found = buffer_.find(end, searched);
    if (found != std::string::npos) {
      std::string taken = buffer_.substr(0, found + end.size());
      buffer_.erase(0, found + end.size());
      return taken;
    }
    searched = buffer_.size() < end.size() ? 0 : buffer_.size() - end.size() + 1;
    if (fill(deadline) != StreamEvent::data) return std::nullopt;
  }
}

std::string MessageReader::take(std::size_t count, const Deadline& deadline) {
  while (buffer_.size() < count && fill(deadline) == StreamEvent::data) {
  }
  std::string taken = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return taken;
}

std::string MessageReader::take_to_end(const Deadline& deadline) {
  while (buffer_.size() < body_bytes_max && fill(deadline) == StreamEvent::data) {
  }
  std::string taken;
  taken.swap(buffer_);
  return taken;
}

Response MessageReader::read_response_head(const Deadline& deadline) {
  std::vector<Response> interim;
  for (;;) {
    const std::optional<std::string> raw = take_until("\r\n\r\n", deadline);
    std::optional<Response> response;
    if (raw) response = parse_response_head(*raw);
    if (!response) {
      throw TestFailure(std::string("no response head came (") + to_string(last_event_) + "); received: \"" +
                        raw.value_or(buffer_) + "\"");
    }
    if (response->status >= 200 || response->status == 101) {
      response->interim = std::move(interim);
      return *response;
    }
    interim.push_back(*response);
  }
}

Response MessageReader::read_response(std::string_view method, const Deadline& deadline) {
  Response response = read_response_head(deadline);
  const int status = response.status;
  if (method == "HEAD" || status == 204 || status == 304 || status == 101) {
    response.complete = true;
    return response;
  }
  read_body(response, true, deadline);
  return response;
}

std::optional<Request> MessageReader::read_request(const Deadline& deadline) {
  const std::optional<std::string> raw = take_until("\r\n\r\n", deadline);
  if (!raw) return std::nullopt;
  std::optional<Request> request = parse_request_head(*raw);
  if (request) read_body(*request, false, deadline);
  return request;
}

void MessageReader::read_body(Message& message, bool until_close, const Deadline& deadline) {
  const std::optional<std::string> length = message.fields.find("Content-Length");
  if (message.chunked) {
    read_chunks(message, deadline);
  } else if (length) {
    const auto count = static_cast<std::size_t>(std::strtoull(length->c_str(), nullptr, 10));
    message.body = take(count, deadline);
    message.complete = message.body.size() == count;
  } else if (until_close) {
    message.body = take_to_end(deadline);
    message.complete = last_event_ == StreamEvent::end;
  } else {
    message.complete = true;
  }
  message.ended = last_event_;
}

void MessageReader::read_chunks(Message& message, const Deadline& deadline) {
  for (;;) {
    const std::optional<std::string> line = take_until("\r\n", deadline);
    if (!line) return;
    char* end = nullptr;
    const std::size_t size = std::strtoull(line->c_str(), &end, 16);
    if (end == line->c_str()) throw TestFailure("not a chunk size: \"" + *line + "\"");
    if (size == 0) break;
    const std::string data = take(size, deadline);
    message.body += data;
    if (data.size() < size || take(2, deadline) != "\r\n") return;
  }
  std::string block;
  for (;;) {
    const std::optional<std::string> line = take_until("\r\n", deadline);
    if (!line) return;
    if (*line == "\r\n") break;
    block += *line;
  }
  message.trailers = parse_fields(block);
  message.complete = true;
}

}  // namespace weir::testing
