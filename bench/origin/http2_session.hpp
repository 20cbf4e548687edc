// HTTP/2 of one connection that begins with its preface: nghttp2's session, and streams that are answered by the
// same handlers and responders as requests of HTTP/1. A response is read as the handlers write it, an HTTP/1.0 message,
// and goes out as a header block and DATA. gRPC calls (by their content-type) are echoed, with status 0 behind them.
// Owned by one Connection; uses no socket.
#pragma once

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options.hpp"
#include "output.hpp"
#include "request.hpp"
#include "responder.hpp"

namespace weir::origin {

/// What such a connection begins with (RFC 9113 3.4).
constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class Http2Session {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `client`: its "address:port", which must outlive the session.
  Http2Session(Shared& shared, const std::string& client);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  /// Takes all of `input`, from the preface on. False: the connection is over.
  bool feed(std::string_view input);
  /// Appends frames to `out` until it is full. False: the connection ends when `out` is sent.
  bool fill(Output& out);
  bool has_more_to_send() const;
  /// When on_timer() is due.
  std::optional<TimePoint> next_timer() const;
  void on_timer(TimePoint now);

 private:
  struct Stream {
    std::int32_t id = 0;
    std::string fields;                                     // names and values, one behind the other
    std::vector<std::pair<std::size_t, std::size_t>> cuts;  // lengths of a name and its value
    Output output;                                          // from the response head on
    std::unique_ptr<Responder> responder;
    std::optional<TimePoint> due;  // it waits
    bool body_done = false;
    bool answered = false;       // the head was handed over
    bool finished = false;       // nothing more comes into `output`
    bool grpc = false;           // trailers follow
    std::size_t unconsumed = 0;  // bytes of DATA whose window was not given back
  };
  struct Deleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  static int on_begin(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_field(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t flags, void* self);
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* self);
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* self);
  static ssize_t on_read(nghttp2_session*, std::int32_t id, std::uint8_t* buffer, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source* source, void* self);

  Stream* find(std::int32_t id);
  void start(Stream& stream, bool body_done);
  Request request_of(const Stream& stream, bool body_done) const;
  void answer(Stream& stream, const Request& request);
  /// Fills the stream's output, and hands over what is new.
  void advance(Stream& stream);
  void produce(Stream& stream);
  void hand_over(Stream& stream);
  bool submit_head(Stream& stream);
  void give_window_back(Stream& stream);
  std::size_t take(Stream& stream, std::uint8_t* buffer, std::size_t size);

  Shared& shared_;
  const std::string& client_;
  std::unique_ptr<nghttp2_session, Deleter> session_;
  std::map<std::int32_t, Stream> streams_;
  bool used_ = false;       // a request has come
  bool over_ = false;       // the connection ends behind what is to be sent
  std::string last_bytes_;  // that are not HTTP/2
};

}  // namespace weir::origin
