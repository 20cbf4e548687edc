// Heads for the writers' tests: parsed from text by the real parser, so that views point into bytes that live as
// long as the head; and what a writer wrote, parsed back.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http1/parse.hpp"

namespace weir::http1::test {

using Lines = std::vector<std::pair<std::string, std::string>>;

inline Lines lines_of(const std::vector<http::Field>& fields) {
  Lines lines;
  for (const http::Field& field : fields) lines.emplace_back(field.name, field.value);
  return lines;
}

struct ParsedRequest {
  std::unique_ptr<std::string> bytes;
  http::RequestHead head;
};

/// `text`: start line and field lines, each ended by CRLF, without the empty line.
inline ParsedRequest parsed_request(std::string_view text) {
  ParsedRequest parsed{std::make_unique<std::string>(std::string(text) + "\r\n"), {}};
  std::size_t scanned = 0;
  const auto complete = parse_request_head(*parsed.bytes, {}, scanned, parsed.head);
  EXPECT_TRUE(complete) << text << "\n" << (complete ? "" : complete.error().detail);
  EXPECT_TRUE(complete && *complete) << text;
  return parsed;
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): what is returned owns them
}

struct ParsedResponse {
  std::unique_ptr<std::string> bytes;
  http::ResponseHead head;
};

inline ParsedResponse parsed_response(std::string_view text, http::Method request_method = http::Method::get,
                                      bool upgrade_requested = false) {
  ParsedResponse parsed{std::make_unique<std::string>(std::string(text) + "\r\n"), {}};
  std::size_t scanned = 0;
  const auto complete =
      parse_response_head(*parsed.bytes, {}, request_method, upgrade_requested, scanned, parsed.head);
  EXPECT_TRUE(complete) << text << "\n" << (complete ? "" : complete.error().detail);
  EXPECT_TRUE(complete && *complete) << text;
  return parsed;
}

}  // namespace weir::http1::test
