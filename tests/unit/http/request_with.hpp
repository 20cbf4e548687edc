// Heads of requests that are made by hand, for tests of what every version of HTTP shares.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/field_lines.hpp"
#include "http/field_names.hpp"
#include "http/head.hpp"

namespace weir::http::test {

inline Field field(std::string_view name, std::string_view value) {
  return {field_id(name), name, value};
}

struct MadeRequest {
  std::unique_ptr<std::string> lines;  // which the head has views of
  RequestHead head;
};

/// A GET of HTTP/1.1 with the fields of `lines`, each ended by CRLF.
inline MadeRequest request_with(std::string_view lines) {
  MadeRequest made{std::make_unique<std::string>(lines), {}};
  made.head.method = Method::get;
  for_each_field_line(*made.lines, [&](const Field& field) { made.head.fields.push_back(field); });
  return made;
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): what is returned owns them
}

}  // namespace weir::http::test
