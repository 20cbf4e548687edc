// An HTTP/2 client that sends exactly the frames that a test says and keeps what comes back, by stream. What it must do
// by itself it does while it reads: answers SETTINGS and PING and keeps its windows open, unless a test forbids it.
// What it is sent it checks: frames on ended streams, more DATA than a window allows, names in upper case,
// connection fields and the like are a TestFailure of whatever test is running. Every wait has a deadline
// (deadline.hpp). One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/http2_fields.hpp"
#include "support/http2_frames.hpp"
#include "support/raw_client.hpp"

namespace weir::testing {

/// What came on one stream so far.
struct Http2Response {
  struct Interim {
    int status = 0;
    Fields fields;
  };

  int status = 0;  // 0: no final head came
  Fields fields;   // without :status
  Fields trailers;
  std::string body;
  std::vector<Interim> interim;
  bool complete = false;               // END_STREAM came
  bool ended_by_head = false;          // END_STREAM came with the head
  bool ended_by_trailers = false;      // END_STREAM came with trailers
  std::optional<std::uint32_t> reset;  // code of the RST_STREAM that came
  std::size_t data_frames = 0;
};

struct Http2Goaway {
  std::uint32_t last_stream = 0;
  std::uint32_t code = 0;
  std::string debug_data;
};

struct Http2Options {
  bool start = true;                       // send the preface and SETTINGS
  h2::SettingLines settings;               // of the first SETTINGS
  std::uint32_t connection_window = 0;     // bytes added to the 65,535 at the start
  bool answer = true;                      // SETTINGS and PING
  bool keep_windows = true;                // a WINDOW_UPDATE for all DATA that came
  std::string authority = "example.test";  // of the requests that it writes by itself
};

class Http2Client {
 public:
  /// With prior knowledge over plain TCP to 127.0.0.1:`port`.
  explicit Http2Client(std::uint16_t port, Http2Options options = {});
  /// TLS; ALPN offers `tls.alpn`, or only h2 when that is empty. Throws TestFailure when h2 was not chosen.
  Http2Client(std::uint16_t port, const TlsClientOptions& tls, Http2Options options = {});
  /// On a connection that is there already; `scheme` is for the requests that it writes by itself.
  Http2Client(RawClient connection, Http2Options options, std::string scheme = "http");

  // Whole exchanges.
  /// The fields of a GET: pseudo fields, then `extra`.
  h2::FieldLines fields_of(const std::string& method, const std::string& path,
                           const h2::FieldLines& extra = {}) const;
  /// Waits until the stream has ended or was reset.
  Http2Response get(const std::string& path, const h2::FieldLines& extra = {});
  /// `fields` as they are; with an empty body END_STREAM is on HEADERS. The body is sent as the windows allow, and not
  /// to its end when the stream is reset.
  Http2Response request(const h2::FieldLines& fields, std::string_view body = "");
  /// As request(), by method and path.
  Http2Response exchange(const std::string& method, const std::string& path, std::string_view body = "",
                         const h2::FieldLines& extra = {});

  // Sending. False: the other side is gone. While the socket takes nothing, what comes is read.
  bool send(std::string_view bytes);
  bool send_frame(unsigned type, h2::Flags flags, std::uint32_t stream, std::string_view payload = "");
  /// One HEADERS frame on the next stream; returns its number.
  std::uint32_t start_request(const h2::FieldLines& fields, bool end_stream = true);
  std::uint32_t start_get(const std::string& path, const h2::FieldLines& extra = {});
  /// The same with a block that is encoded already.
  std::uint32_t start_block(std::string_view block, bool end_stream = true);
  /// HEADERS with END_STREAM on a stream that is open.
  bool send_trailers(std::uint32_t stream, const h2::FieldLines& fields);
  /// DATA of at most the peer's frame size, as the windows allow; waits for WINDOW_UPDATE. Returns how much was sent:
  /// less when the stream was reset.
  std::size_t send_data(std::uint32_t stream, std::string_view bytes, bool end_stream = true);
  /// One DATA frame, whatever the windows say.
  bool force_data(std::uint32_t stream, std::string_view bytes, bool end_stream = false);
  /// The same with padding, which counts for the windows, too.
  bool force_padded(std::uint32_t stream, std::string_view bytes, std::uint8_t padding);
  bool reset(std::uint32_t stream, std::uint32_t code = h2::cancel);
  /// Of the next SETTINGS that are acknowledged these count: for own limits that change, not send_frame() but this.
  bool send_settings(const h2::SettingLines& lines);
  bool send_window_update(std::uint32_t stream, std::uint32_t bytes);

  // Reading until something has come. Throw TestFailure, with the frames that came, when the deadline passes or the
  // connection ends first.
  /// Final head, or a reset.
  const Http2Response& wait_head(std::uint32_t stream, const Deadline& deadline = Deadline());
  const Http2Response& wait_interim(std::uint32_t stream, std::size_t count,
                                    const Deadline& deadline = Deadline());
  /// At least that much of the body.
  const Http2Response& wait_body(std::uint32_t stream, std::size_t bytes,
                                 const Deadline& deadline = Deadline());
  /// END_STREAM or RST_STREAM.
  const Http2Response& wait_end(std::uint32_t stream, const Deadline& deadline = Deadline());
  /// RST_STREAM; returns its code.
  std::uint32_t wait_reset(std::uint32_t stream, const Deadline& deadline = Deadline());
  /// The GOAWAY number `count`.
  const Http2Goaway& wait_goaway(std::size_t count = 1, const Deadline& deadline = Deadline());
  /// The peer's first SETTINGS.
  void wait_settings(const Deadline& deadline = Deadline());
  /// That many of this side's SETTINGS were acknowledged.
  void wait_settings_ack(std::size_t count = 1, const Deadline& deadline = Deadline());
  void wait_ping_ack(std::string_view payload, const Deadline& deadline = Deadline());
  /// PING and its answer: everything that was sent before has been processed.
  void round_trip(const Deadline& deadline = Deadline());
  void wait_until(const std::string& what, const std::function<bool()>& condition,
                  const Deadline& deadline = Deadline());
  /// Reads until the connection is closed; returns end or reset.
  StreamEvent wait_close(const Deadline& deadline = Deadline());
  /// True when no frame comes, and the connection stays open, for `time` (scaled). What had come before is read first.
  bool stays_silent_for(std::chrono::milliseconds time);
  /// Reads what is there, without waiting.
  void read_available();

  // What came.
  const Http2Response& response(std::uint32_t stream) { return streams_[stream].response; }
  const std::vector<Http2Frame>& frames() const { return frames_; }
  const std::vector<Http2Goaway>& goaways() const { return goaways_; }
  /// The peer's setting, or nothing when it was not sent.
  std::optional<std::uint32_t> setting(std::uint16_t id) const;
  std::size_t settings_acks() const { return settings_acks_; }
  /// How much may be sent now: on the stream, on the connection.
  std::int64_t send_window(std::uint32_t stream) const;
  std::int64_t connection_send_window() const { return send_window_; }
  std::uint32_t newest_stream() const { return next_stream_ - 2; }
  /// The next request goes on this stream.
  void set_next_stream(std::uint32_t stream) { next_stream_ = stream; }
  std::string transcript() const;

  Http2Options& options() { return options_; }
  RawClient& connection() { return connection_; }
  void close() { connection_.close(); }
  void cut() { connection_.cut(); }

 private:
  struct Stream {
    Http2Response response;
    std::string method;                    // "": not known
    std::int64_t send_window_used = 0;     // sent, less what WINDOW_UPDATE gave
    std::int64_t receive_window_used = 0;  // received, less what WINDOW_UPDATE gave
  };

  void start();
  bool flush();
  StreamEvent pump(const Deadline& deadline);
  void take(Http2Frame& frame);
  void take_data(const Http2Frame& frame);
  void take_block(const Http2Frame& frame);
  void take_fields(std::uint32_t stream, Fields fields, bool ended);
  void take_settings(const Http2Frame& frame);
  void take_reset(const Http2Frame& frame);
  void take_goaway(const Http2Frame& frame);
  void take_window_update(const Http2Frame& frame);
  void note_end(Stream& stream);
  void check_fields(const Fields& fields) const;
  std::string_view unpadded(const Http2Frame& frame) const;
  bool is_over(std::uint32_t stream);
  std::size_t sendable(std::uint32_t stream) const;
  void check(bool good, const std::string& what) const;

  RawClient connection_;
  Http2Options options_;
  std::string scheme_;
  FieldDecoder decoder_;
  std::string received_, to_send_;  // not a whole frame yet; not taken by the socket yet
  bool flushing_ = false;
  StreamEvent last_event_ = StreamEvent::data;
  std::vector<Http2Frame> frames_;
  std::map<std::uint32_t, Stream> streams_;
  std::vector<Http2Goaway> goaways_;
  std::map<std::uint16_t, std::uint32_t> settings_;
  std::vector<h2::SettingLines> own_settings_;  // not acknowledged yet
  std::vector<std::string> ping_acks_;
  bool settings_came_ = false;
  std::size_t settings_acks_ = 0, pings_sent_ = 0;
  std::uint32_t next_stream_ = 1;
  std::uint32_t block_stream_ = 0;  // of a header block that is not whole; 0: none
  bool block_ends_stream_ = false;
  std::string block_;
  std::int64_t send_window_ = h2::default_window_bytes;
  std::int64_t receive_window_ = h2::default_window_bytes;
  // As the peer acknowledged them.
  std::int64_t stream_receive_window_ = h2::default_window_bytes;
  std::size_t frame_bytes_max_ = h2::default_frame_bytes_max;
};

}  // namespace weir::testing
