// Tables of raw heads with what the strict reader must say about each, shared by the unit tests (each as a
// whole) and the property tests (each in pieces). The verdict is one line of text, so that a table stays
// readable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http1/parse.hpp"

namespace weir::http1::testing {

struct HeadCase {
  const char* name;
  std::string bytes;
  std::string verdict;
};

/// `incomplete`, the name of the error kind, or what was understood:
/// `GET /a ?q authority=h body=length:5 close continue upgrade=x trailers +2` (+2: fields). A body is only
/// named where there is one; `close` where the connection may not be reused.
std::string describe(const Result<bool>& result, const http::RequestHead& head);
/// The same for responses: `200 OK body=chunked close upgrade=x +2`.
std::string describe(const Result<bool>& result, const http::ResponseHead& head);

/// What the reader says about all of `bytes` at once, with default limits.
std::string request_verdict(std::string_view bytes);
/// The response answers `method`.
std::string response_verdict(std::string_view bytes, http::Method method = http::Method::get,
                             bool upgrade_requested = false);

const std::vector<HeadCase>& request_line_cases();
const std::vector<HeadCase>& request_byte_cases();  // what the scan refuses
const std::vector<HeadCase>& request_host_cases();
const std::vector<HeadCase>& request_framing_cases();
const std::vector<HeadCase>& request_connection_cases();  // Connection, Expect, Upgrade, TE
const std::vector<HeadCase>& response_cases();            // to GET, without Upgrade

/// All request tables.
std::vector<HeadCase> all_request_cases();

}  // namespace weir::http1::testing
