// One JSON object per finished request, formatted straight into a worker's buffer: no allocation, no lock.
// The buffer is handed to the log writer in batches (log_writer.hpp). Fields: deploy/OPERATING.md, "Access log".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ip.hpp"

namespace weir::observe {

inline constexpr std::size_t access_text_bytes_max =
    2048;  // of each text; longer ones are cut (UTF-8 kept whole)
inline constexpr std::size_t access_attempts_max = 32;  // of one line

struct AttemptRecord {
  std::string_view endpoint;
  double connect_ms = -1;     // until there was a connection, or none; < 0: a kept one was reused (absent)
  double first_byte_ms = -1;  // < 0: none came
  int status = 0;             // 0: none
  std::string_view outcome;   // "ok", "retried", "stale_connection", the error's name; or why no try was made
};

/// Absent text is empty, absent numbers are 0 or negative as said; absent fields do not appear in the line.
struct AccessRecord {
  std::chrono::system_clock::time_point ts;
  std::string_view request_id, trace_id, listener;
  IpAddress client_ip;
  std::uint16_t client_port = 0;
  std::string_view protocol;  // HTTP/2, HTTP/1.1 or HTTP/1.0
  struct Tls {
    bool present = false;
    std::string_view version, cipher, sni;
    std::string_view client_subject, client_sha256;  // of a verified certificate
    bool resumed = false;
  } tls;
  std::string_view method, host, path, query, user_agent, referer;
  std::string_view route, upstream, endpoint;
  struct Split {
    std::string_view target, why;  // both or none
  } split;
  int status = 0;
  int grpc_status = -1;                       // of a gRPC call that ended with one; < 0: absent
  std::uint64_t bytes_in = 0, bytes_out = 0;  // body bytes from and to the client
  double duration_ms = 0;
  double queue_ms = -1;  // < 0: it did not wait for an endpoint
  const std::vector<AttemptRecord>* attempts = nullptr;
  struct RateLimit {
    std::string_view name, decision;  // of the limit that refused, or in shadow would have; empty: none
  } rate_limit;
  std::string_view reason;  // why Weir itself answered, or cut the connection
};

/// Appends one line, '\n' included; allocates only when `out` must grow. Control characters and bytes that
/// are no valid UTF-8 are escaped as LineBuffer::json_text says. False: there was no memory, and `out` is as it was.
bool append_access_line(std::string& out, const AccessRecord& record);

}  // namespace weir::observe
