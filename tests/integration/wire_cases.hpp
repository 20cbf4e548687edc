// Raw HTTP/1 input, what Weir answers to it, and what an endpoint sees of it. Each table is about one kind of
// trick; wire_test.cpp sends every case whole, byte by byte, and cut in two at every place.
#pragma once

#include <string>
#include <vector>

namespace weir::testing {

struct WireCase {
  std::string name;
  std::string bytes;
  std::vector<int> statuses;      // of the final responses, in order
  std::vector<std::string> seen;  // requests at the endpoint, in order, as in Seen::text
  bool closes = true;             // Weir ends the connection after the last response
  bool torn = false;        // the endpoint may have seen the beginning of one more request, but never its end
  bool sends_on = false;    // bytes come behind the last answered request: they may meet a reset
  bool half_close = false;  // the client ends its side after the last byte
  std::string method = "GET";     // how responses are read: HEAD has no body
  std::string listener = "http";  // `small`: 1 KiB of head, 4 fields, 64 bytes of URI, 10 bytes of body
};

/// Weir answers `status` by itself and closes; no endpoint sees anything.
WireCase refused(std::string name, std::string bytes, int status = 400);
/// As refused(), but the beginning of the request may have been sent on.
WireCase torn(std::string name, std::string bytes, int status = 400);
/// One request goes through; the connection stays.
WireCase passed(std::string name, std::string bytes, std::string seen);
/// Request `line` with `Host: h`, `fields`, what Weir adds, and `end` (framing fields, empty line, body).
std::string seen(const std::string& line, const std::string& fields = "", const std::string& end = "\r\n",
                 const std::string& host = "h");

std::vector<WireCase> request_line_wire_cases();
std::vector<WireCase> field_wire_cases();      // bytes, whitespace, names, hop-by-hop, forwarding
std::vector<WireCase> authority_wire_cases();  // Host and absolute-form
std::vector<WireCase> length_wire_cases();     // CL.CL, CL.TE, lengths
std::vector<WireCase> coding_wire_cases();     // TE.CL, TE.TE, codings
std::vector<WireCase> chunked_wire_cases();
std::vector<WireCase> connection_wire_cases();  // pipelining, persistence, Expect, Upgrade, HTTP/1.0
std::vector<WireCase> limit_wire_cases();

}  // namespace weir::testing
