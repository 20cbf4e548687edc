// One line of Weir's access log, read for a replay. Pure; one thread; no allocation per line in steady state, for lines
// that are as long as Weir writes them.
#pragma once

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ip.hpp"

namespace weir::replay {

/// What was logged of a request. Views are good until the next line; texts that the line does not have are empty.
struct LoggedRequest {
  std::int64_t ts_ns = 0;  // since the Unix epoch; when it began
  std::string_view ts;
  std::string_view listener, method, host, path, query, user_agent, referer;
  std::string_view route, upstream, split_target, split_why, reason;
  std::string_view limit, limit_decision;
  IpAddress client_ip;
  bool peer_is_client = false;  // no proxy stands between: the line has the client's port
  bool tls = false;
  bool cut = false;  // path or host is as long as the log writes one: the rest may be missing
  int status = 0;
};

class LogLineReader {
 public:
  LogLineReader();

  /// An error: what the line is not. `out` then has no meaning.
  std::optional<std::string> read(std::string_view line, LoggedRequest& out);

 private:
  static constexpr std::size_t room_bytes = 64 * 1024;

  std::optional<std::string> fill(const boost::json::object& line, LoggedRequest& out) const;

  std::vector<unsigned char> room_;
  boost::json::monotonic_resource memory_;
  boost::json::parser parser_;
  std::optional<boost::json::value> value_;  // in memory_
};

/// `2026-01-31T23:59:59.123Z`, with any number of decimals, as nanoseconds since the Unix epoch.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace weir::replay
