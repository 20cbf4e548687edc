// HTTP/1 messages as tests look at them, and the small reader that takes them off a ByteStream:
// Content-Length, chunked with trailers, until close, and interim 1xx responses. Its own code on purpose: it
// must not share the mistakes of what it checks.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/byte_stream.hpp"

namespace weir::testing {

struct Fields {
  std::vector<std::pair<std::string, std::string>> all;
  std::vector<std::string> never_indexed;  // names of those that came so over HTTP/2

  /// Value of the first field of that name (any case), or nothing.
  std::optional<std::string> find(std::string_view name) const;
  /// As find(), empty when absent.
  std::string get(std::string_view name) const { return find(name).value_or(""); }
  std::vector<std::string> values(std::string_view name) const;
  bool has(std::string_view name) const { return find(name).has_value(); }
  bool has_token(std::string_view name, std::string_view token) const;
};

struct Message {
  std::string start_line;
  std::string raw_head;  // as it came, empty line included
  Fields fields, trailers;
  std::string body;  // decoded
  bool chunked = false;
  /// How the stream stood after the message; anything but data means it ended or failed there.
  StreamEvent ended = StreamEvent::data;
  bool complete = false;
};

struct Request : Message {
  std::string method, target, protocol;
};

struct Response : Message {
  int status = 0;
  std::string protocol, reason;
  std::vector<Response> interim;  // 1xx that came before
};

/// Parses a head; nothing when it is none.
std::optional<Response> parse_response_head(const std::string& raw);
std::optional<Request> parse_request_head(const std::string& raw);
std::string describe(const Message& message);
std::string to_lower(std::string_view text);

/// Reads messages off a stream; bytes read too far wait in `buffer()` for the next one.
class MessageReader {
 public:
  explicit MessageReader(ByteStream& stream) : stream_(stream) {}

  /// Called with every piece as it comes off the stream.
  void on_bytes(std::function<void(std::string_view)> listener) { listener_ = std::move(listener); }

  StreamEvent fill(const Deadline& deadline);
  std::string& buffer() { return buffer_; }

  /// Bytes up to and including `end`; nothing when the stream ends or the deadline passes first.
  std::optional<std::string> take_until(std::string_view end, const Deadline& deadline);
  /// Exactly `count` bytes; fewer when the stream ends or the deadline passes first.
  std::string take(std::size_t count, const Deadline& deadline);
  /// What is left until the stream ends.
  std::string take_to_end(const Deadline& deadline);
  StreamEvent last_event() const { return last_event_; }

  /// Final response to a request with `method`; complete is false when it was cut short.
  Response read_response(std::string_view method, const Deadline& deadline);
  /// Head of the final response, earlier 1xx in `interim`; the body stays unread.
  Response read_response_head(const Deadline& deadline);
  /// Nothing: the stream ended before a whole head.
  std::optional<Request> read_request(const Deadline& deadline);
  /// Reads the body that the head announces into `message`.
  void read_body(Message& message, bool until_close, const Deadline& deadline);

 private:
  void read_chunks(Message& message, const Deadline& deadline);

  ByteStream& stream_;
  std::string buffer_;
  std::function<void(std::string_view)> listener_;
  StreamEvent last_event_ = StreamEvent::data;
};

}  // namespace weir::testing
