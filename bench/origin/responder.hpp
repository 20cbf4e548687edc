// A response that takes more than one step to send: each kind fills the output as far as there is room, waits
// for a timer, or ends the connection in its own bad way. What can be answered at once has no responder.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "output.hpp"

namespace weir::origin {

struct Step {
  enum class Kind : std::uint8_t {
    more,   // call again when the output has drained, or more of the body has come
    wait,   // call again after `delay`
    done,   // the response is complete
    close,  // send what is there, then close the connection
    reset,  // RST at once
  };
  Kind kind = Kind::done;
  std::chrono::milliseconds delay{0};
};

class Responder {
 public:
  virtual ~Responder() = default;
  /// True when produce() can do nothing before more of the request body has come.
  virtual bool needs_body() const { return false; }
  /// Decoded bytes of the request body, valid during the call.
  virtual void on_body(std::string_view, Output&) {}
  /// Appends what fits. `body_done`: the request body is complete.
  virtual Step produce(Output& out, bool body_done) = 0;
};

/// The endless pattern behind /bytes and /chunked: 64 printable characters, repeated. The byte at offset i of
/// a body is pattern()[i % 64]. At least Output::high_water_bytes long.
std::string_view pattern();

/// `count` pattern bytes as they are (the head said Content-Length).
std::unique_ptr<Responder> make_bytes(std::uint64_t count);
/// `count` pattern bytes; in chunks, or bare for HTTP/1.0, which are then delimited by the close.
std::unique_ptr<Responder> make_chunked(std::uint64_t count, bool bare);
/// Five server-sent events, 200 ms apart.
std::unique_ptr<Responder> make_events(bool bare);
/// Ready-made bytes after a delay.
std::unique_ptr<Responder> make_delayed(std::string message, std::chrono::milliseconds delay);
/// What was written for the request, then what `rest` (null: nothing) produces, after a delay. For responders that
/// write nothing while the request's body comes.
std::unique_ptr<Responder> make_late(Output written, std::unique_ptr<Responder> rest,
                                     std::chrono::milliseconds delay);
/// A JSON object that is complete but for its last members: sent with "body_bytes" once the request body was
/// read.
std::unique_ptr<Responder> make_report(std::string head_fields, std::string json_start, bool head_only);
/// The request body back, in chunks or (head said Content-Length) bare.
std::unique_ptr<Responder> make_echo(bool chunked);
/// One byte of `text` per second.
std::unique_ptr<Responder> make_slow(std::string text);
/// Sends what is there, then closes (reset: without sending what `delay` gave no time for).
std::unique_ptr<Responder> make_cut(Step::Kind how, std::chrono::milliseconds delay = {});

}  // namespace weir::origin
