// What an Http2Endpoint, its connections' threads and the handles of its streams share: the requests so far, what is to
// be sent on each, and windows. One mutex for everything; functions that say so are called with it held. Only for
// http2_endpoint*.cpp.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "support/http2_endpoint.hpp"
#include "support/http2_fields.hpp"

namespace weir::testing {

class Http2EndpointState {
 public:
  /// What a stream is to send, in order.
  struct Item {
    enum class Kind : std::uint8_t { block, data, reset, raw };
    Kind kind = Kind::raw;
    std::string bytes;  // block: encoded; reset: nothing
    bool end_stream = false;
    std::uint32_t code = 0;  // of reset
  };
  struct Entry {
    Http2EndpointRequest request;
    Http2Script script;  // as it was when the head came
    std::deque<Item> to_send;
    bool sent_end = false;    // END_STREAM or RST_STREAM
    bool sent_reset = false;  // nothing that comes counts any more
    bool over = false;        // both sides have ended, or one has reset
    std::int64_t send_window_used = 0, receive_window_used = 0;
  };
  struct Link {
    UniqueFd wake;                       // an eventfd: there is something to do
    const ByteStream* stream = nullptr;  // while its thread serves it
    std::string out;                     // frames that the thread has not taken yet
    bool open = true;
    enum class Wanted : std::uint8_t { nothing, close, reset } wanted = Wanted::nothing;
    std::optional<StreamEvent> end;
    std::vector<Http2Frame> frames;  // without payloads of DATA
    std::map<std::uint16_t, std::uint32_t> settings;
    std::vector<h2::SettingLines> own_settings;  // not acknowledged yet
    std::map<std::uint32_t, std::size_t> streams;
    std::set<std::size_t> waiting;  // requests that have something to send
    std::size_t requests = 0, active = 0, most_active = 0, pings = 0;
    std::uint32_t goaway_last = 0x7FFF'FFFF;   // as it was sent
    std::optional<std::uint32_t> goaway_code;  // as it came
    std::int64_t send_window = h2::default_window_bytes, receive_window = h2::default_window_bytes;
    // As the peer acknowledged them.
    std::int64_t stream_receive_window = h2::default_window_bytes;
    std::size_t frame_bytes_max = h2::default_frame_bytes_max;
    std::optional<std::uint32_t> streams_max;
  };

  explicit Http2EndpointState(Http2Script script, Http2EndpointOptions options);

  // With the mutex held.
  Link& link_of(const Entry& entry) { return links[entry.request.connection]; }
  void push(std::size_t request, Item item);
  /// Moves what the windows allow into the link's `out`.
  void pump(std::size_t request);
  void pump_all(Link& link);
  void append(Link& link, std::string_view bytes);
  void note_over(Entry& entry);
  static std::optional<std::uint32_t> setting(const Link& link, std::uint16_t id);
  static void wake(const Link& link);

  /// Takes the mutex; throws TestFailure when the deadline passes.
  void wait(const std::string& what, const Deadline& deadline, const std::function<bool()>& condition) const;

  const Http2EndpointOptions options;
  SslContext tls;

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  Http2Script script;
  std::deque<Link> links;  // by connection; references stay
  std::deque<Entry> entries;
  std::vector<Request> http1_requests;
  bool stopping = false, frozen = false;
  UniqueFd stop_event;
  std::thread acceptor;
  std::vector<std::thread> threads;

 private:
  bool send_item(Link& link, Entry& entry, Item& item);
  void append_block(Link& link, std::uint32_t stream, const Item& item);
};

/// What a connection's script calls wait for until all frames of one reading are taken: they run without the mutex.
struct Http2EndpointEvent {
  enum class Kind : std::uint8_t { head, data, end, reset };
  Kind kind;
  std::size_t request;
  std::string bytes;
  std::uint32_t code = 0;
};

/// Serves one accepted connection until it is over. Runs in a thread of its own.
class Http2EndpointConnection {
 public:
  Http2EndpointConnection(std::shared_ptr<Http2EndpointState> state, std::size_t index);
  void run(UniqueFd socket);

 private:
  using Link = Http2EndpointState::Link;
  using Entry = Http2EndpointState::Entry;
  using Event = Http2EndpointEvent;

  bool shake_hands(UniqueFd socket);
  void serve_http1();
  void serve_http2();
  void greet();
  bool turn();
  void flush();
  bool wait();
  bool close_as_wanted();
  StreamEvent receive();
  void dispatch(std::vector<Event> events);
  void leave(StreamEvent event);

  // With the mutex held.
  void take_all();
  void take(const Http2Frame& frame);
  void take_data(const Http2Frame& frame);
  void take_block(const Http2Frame& frame);
  void take_head(std::uint32_t stream, Fields fields, bool ended);
  void take_trailers(Entry& entry, Fields fields, bool ended);
  void take_settings(const Http2Frame& frame);
  void take_reset(const Http2Frame& frame);
  void take_window_update(const Http2Frame& frame);
  void note_end(std::size_t request);
  Entry* find(std::uint32_t stream);
  void check_head(const Http2EndpointRequest& request) const;
  void check(bool good, const std::string& what) const;

  std::shared_ptr<Http2EndpointState> state_;
  std::size_t index_;
  Link& link_;
  ByteStream stream_;
  FieldDecoder decoder_;
  std::string received_, to_send_;
  bool preface_came_ = false;
  std::uint32_t newest_stream_ = 0;
  std::uint32_t block_stream_ = 0;  // of a header block that is not whole; 0: none
  bool block_ends_stream_ = false;
  std::string block_;
  std::vector<Event> events_;
};

}  // namespace weir::testing
