#include "integration/wire_cases.hpp"

namespace weir::testing {
namespace {

using namespace std::string_literals;

std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}
std::string get_seen(const std::string& path) {
  return seen("GET " + path + " HTTP/1.1");
}
std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}
std::string hello_seen() {
  return seen("POST / HTTP/1.1", "", "Content-Length: 5\r\n\r\nhello");
}

const std::string upgrade_fields =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
const std::string upgrade_end = "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n";

std::string upgrade_seen(const std::string& path) {
  return seen("GET " + path + " HTTP/1.1", "Sec-WebSocket-Version: 13\r\n", upgrade_end);
}

/// Several answers: `seen` at the endpoint, in order; `closes` behind the last.
WireCase several(const std::string& name, const std::string& bytes, std::vector<int> statuses,
                 std::vector<std::string> seen, bool closes) {
  WireCase wire_case = refused(name, bytes);
  wire_case.statuses = std::move(statuses);
  wire_case.seen = std::move(seen);
  wire_case.closes = closes;
  return wire_case;
}

WireCase sending_on(WireCase wire_case) {
  wire_case.sends_on = true;
  return wire_case;
}

WireCase half_closed(WireCase wire_case) {
  wire_case.half_close = true;
  wire_case.closes = true;
  return wire_case;
}

WireCase small(WireCase wire_case) {
  wire_case.listener = "small";
  return wire_case;
}

std::string many_fields(std::size_t count) {
  std::string fields;
  for (std::size_t i = 0; i < count; ++i) fields += "A: b\r\n";
  return fields;
}

std::vector<WireCase> pipelining_cases() {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  return {
      several("two requests", get("/1") + get("/2"), {200, 200}, {get_seen("/1"), get_seen("/2")}, false),
      several("four requests", get("/1") + get("/2") + get("/3") + get("/4"), {200, 200, 200, 200},
              {get_seen("/1"), get_seen("/2"), get_seen("/3"), get_seen("/4")}, false),
      several("empty line between requests", get("/1") + "\r\n" + get("/2"), {200, 200},
              {get_seen("/1"), get_seen("/2")}, false),
      several("request behind a length", post("Content-Length: 5\r\n", "hello") + get("/2"), {200, 200},
              {hello_seen(), get_seen("/2")}, false),
      several("request behind chunks", post(chunked, "5\r\nhello\r\n0\r\n\r\n") + get("/2"), {200, 200},
              {seen("POST / HTTP/1.1", "", chunked + "\r\n{hello}"), get_seen("/2")}, false),
      sending_on(several("request behind Connection: close", get("/1", "Connection: close\r\n") + get("/2"),
                         {200}, {get_seen("/1")}, true)),
      several("malformed behind a good one", get("/1") + "GET  / HTTP/1.1\r\n\r\n", {200, 400},
              {get_seen("/1")}, true),
      several("nothing behind a malformed one", "GET / HTTP/1.1\r\n\r\n" + get("/2"), {400}, {}, true),
      several("nothing behind CL.TE", post("Content-Length: 5\r\n" + chunked, "0\r\n\r\n") + get("/2"), {400},
              {}, true),
      several("body longer than its length", post("Content-Length: 4\r\n", "hello\r\n\r\n"), {200, 400},
              {seen("POST / HTTP/1.1", "", "Content-Length: 4\r\n\r\nhell")}, true),
      several("garbage behind a good one", get("/1") + "\xff\xfe\xfd", {200, 400}, {get_seen("/1")}, true),
      several("refused by path, then closed", get("/a%5cb") + get("/2"), {400}, {}, true),
  };
}

std::vector<WireCase> persistence_cases() {
  const auto old = [](const std::string& line, const std::string& fields, const std::string& body = "") {
    return line + " HTTP/1.0\r\n" + fields + "\r\n" + body;
  };
  const std::string old_seen = "GET / HTTP/1.1\r\nHost: h\r\n<forwarding 1.0>\r\n\r\n";
  return {
      several("Connection: close", get("/", "Connection: close\r\n"), {200}, {get_seen("/")}, true),
      several("close beside keep-alive", get("/", "Connection: keep-alive, close\r\n"), {200},
              {get_seen("/")}, true),
      several("close in a second field", get("/", "Connection: x\r\nConnection: Close\r\n"), {200},
              {get_seen("/")}, true),
      several("HTTP/1.0", old("GET /", "Host: h\r\n"), {200}, {old_seen}, true),
      sending_on(several("HTTP/1.0 and a request behind", old("GET /", "Host: h\r\n") + get("/2"), {200},
                         {old_seen}, true)),
      several("HTTP/1.0 keep-alive", old("GET /", "Host: h\r\nConnection: keep-alive\r\n"), {200}, {old_seen},
              false),
      several("HTTP/1.0 with a body", old("POST /", "Host: h\r\nContent-Length: 5\r\n", "hello"), {200},
              {"POST / HTTP/1.1\r\nHost: h\r\n<forwarding 1.0>\r\nContent-Length: 5\r\n\r\nhello"}, true),
      several("HTTP/1.0 expecting nothing", old("GET /", "Host: h\r\nExpect: x\r\n"), {200}, {old_seen},
              true),
      refused("HTTP/1.0 with two Hosts", old("GET /", "Host: h\r\nHost: g\r\n")),
  };
}

std::vector<WireCase> negotiation_cases() {
  WireCase switched = several("upgrade", get("/switch", upgrade_fields) + get("/tunnelled"), {101},
                              {upgrade_seen("/switch") + get("/tunnelled")}, false);
  return {
      passed("expect 100-continue", post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
             hello_seen()),
      passed("expect 100-continue without a body", get("/", "Expect: 100-continue\r\n"), get_seen("/")),
      refused("expect something else", post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), 417),
      refused("expect twice",
              post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello"), 417),
      std::move(switched),
      several("upgrade that the endpoint declines", get("/", upgrade_fields) + get("/2"), {200, 200},
              {upgrade_seen("/"), get_seen("/2")}, false),
      passed("upgrade to h2c",
             get("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"),
             get_seen("/")),
      passed("upgrade with a body", post(upgrade_fields + "Content-Length: 5\r\n", "hello"),
             seen("POST / HTTP/1.1", "Sec-WebSocket-Version: 13\r\n", "Content-Length: 5\r\n\r\nhello")),
      several("upgrade on HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\n" + upgrade_fields + "\r\n", {200},
              {"GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Version: 13\r\n<forwarding 1.0>\r\n\r\n"}, true),
  };
}

/// The client ends its side before the request is whole.
std::vector<WireCase> unfinished_cases() {
  const auto silent = [](const std::string& name, const std::string& bytes) {
    WireCase wire_case = half_closed(torn(name, bytes));
    wire_case.statuses.clear();
    return wire_case;
  };
  return {
      silent("half a request line, then the end", "GET / HT"),
      silent("half a head, then the end", "GET / HTTP/1.1\r\nHost: h\r\n"),
      silent("half a length, then the end", post("Content-Length: 5\r\n", "hel")),
      silent("half a chunk, then the end", post("Transfer-Encoding: chunked\r\n", "5\r\nhel")),
      silent("no last chunk, then the end", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n")),
  };
}

}  // namespace

std::vector<WireCase> connection_wire_cases() {
  std::vector<WireCase> all;
  for (const auto& table :
       {pipelining_cases(), persistence_cases(), negotiation_cases(), unfinished_cases()}) {
    all.insert(all.end(), table.begin(), table.end());
  }
  return all;
}

std::vector<WireCase> limit_wire_cases() {
  const std::string long_path = "/" + std::string(8 * 1024 - 1, 'a');
  const std::string long_value = "A: " + std::string(30 * 1024, 'x') + "\r\n";
  const std::string body(200 * 1024, 'b');
  const std::string body_end = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return {
      passed("URI of 8 KiB", get(long_path), get_seen(long_path)),
      refused("URI past 8 KiB", get(long_path + "a"), 414),
      refused("URI of 100 KiB", get("/" + std::string(100 * 1024, 'a')), 414),
      passed("100 fields", get("/", many_fields(99)), seen("GET / HTTP/1.1", many_fields(99))),
      refused("101 fields", get("/", many_fields(100)), 431),
      passed("head of 30 KiB", get("/", long_value), seen("GET / HTTP/1.1", long_value)),
      refused("head of 60 KiB", get("/", long_value + long_value), 431),
      refused("head of 500 KiB", get("/", many_fields(80'000)), 431),
      refused("33 members of Connection", get(
                                              "/", "Connection: x" +
                                                       [] {
                                                         std::string more;
                                                         for (int i = 0; i < 32; ++i) more += ",x";
                                                         return more;
                                                       }() +
                                                       "\r\n")),
      passed("body of 200 KiB", post(body_end, body), seen("POST / HTTP/1.1", "", body_end + "\r\n" + body)),
      small(passed("body at the listener's limit", post("Content-Length: 10\r\n", "0123456789"),
                   seen("POST / HTTP/1.1", "", "Content-Length: 10\r\n\r\n0123456789"))),
      small(refused("length past the listener's limit", post("Content-Length: 11\r\n", "0123456789a"), 413)),
      small(torn("chunks past the listener's limit",
                 post("Transfer-Encoding: chunked\r\n", "6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n"), 413)),
      small(refused("URI past the listener's limit", get("/" + std::string(64, 'a')), 414)),
      small(refused("fields past the listener's limit", get("/", many_fields(4)), 431)),
      small(
          refused("head past the listener's limit", get("/", "A: " + std::string(1024, 'x') + "\r\n"), 431)),
  };
}

}  // namespace weir::testing
