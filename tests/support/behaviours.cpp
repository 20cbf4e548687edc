#include "support/behaviours.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace weir::testing::behave {

std::string ok_message(const std::string& body, const std::string& extra_fields) {
  return "HTTP/1.1 200 OK\r\n" + extra_fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

RequestBehaviour ok(const std::string& body, const std::string& extra_fields) {
  return [body, extra_fields](EndpointConnection& connection, const Request& request) {
    const std::string message = ok_message(body, extra_fields);
    connection.send(request.method == "HEAD" ? message.substr(0, message.size() - body.size()) : message);
  };
}

RequestBehaviour status(int code) {
  return respond("HTTP/1.1 " + std::to_string(code) + " Status\r\nContent-Length: 0\r\n\r\n");
}

RequestBehaviour respond(std::string raw) {
  return [raw = std::move(raw)](EndpointConnection& connection, const Request&) { connection.send(raw); };
}

RequestBehaviour echo() {
  return [](EndpointConnection& connection, const Request& request) {
    connection.send(ok_message(request.body));
  };
}

RequestBehaviour respond_then_close(std::string raw) {
  return [raw = std::move(raw)](EndpointConnection& connection, const Request&) {
    connection.send(raw);
    connection.close();
  };
}

RequestBehaviour respond_then_reset(std::string raw) {
  return [raw = std::move(raw)](EndpointConnection& connection, const Request&) {
    connection.send(raw);
    connection.reset();
  };
}

RequestBehaviour close() {
  return [](EndpointConnection& connection, const Request&) { connection.close(); };
}

RequestBehaviour reset() {
  return [](EndpointConnection& connection, const Request&) { connection.reset(); };
}

RequestBehaviour hang() {
  return [](EndpointConnection& connection, const Request&) {
    connection.read_to_end();
    connection.close();
  };
}

RequestBehaviour gated(std::shared_ptr<Gate> gate, RequestBehaviour then) {
  return [gate = std::move(gate), then = std::move(then)](EndpointConnection& connection,
                                                          const Request& request) {
    if (connection.wait(*gate)) then(connection, request);
  };
}

RequestBehaviour slow(std::string raw, std::size_t piece_bytes, std::chrono::milliseconds pause) {
  return [raw = std::move(raw), piece_bytes, pause](EndpointConnection& connection, const Request&) {
    connection.send_slowly(raw, piece_bytes, pause);
  };
}

RequestBehaviour sequence(std::vector<RequestBehaviour> steps) {
  auto next = std::make_shared<std::atomic<std::size_t>>(0);
  return [next, steps = std::move(steps)](EndpointConnection& connection, const Request& request) {
    const std::size_t index = std::min(next->fetch_add(1), steps.size() - 1);
    steps[index](connection, request);
  };
}

}  // namespace weir::testing::behave
