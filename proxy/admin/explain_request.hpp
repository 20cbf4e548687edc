// The body of POST /api/v1/explain, read strictly: what is wrong is said member by member. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "explain/explain.hpp"

namespace weir::control {

inline constexpr std::size_t explain_headers_max = 200;
inline constexpr std::size_t explain_line_bytes_max = 16 * 1024;  // of a URL, a header ...

struct ExplainCall {
  ExplainRequest request;
  bool text = false;  // for people, instead of JSON
};

/// `{"method", "url", "headers": ["NAME: VALUE"], "client", "listener", "format": "json" | "text"}`; method and url
/// must be there. The call, or everything that is wrong with it.
std::variant<ExplainCall, std::vector<std::string>> parse_explain_request(std::string_view body);
/// The body that asks for `call`.
std::string explain_body(const ExplainCall& call);

}  // namespace weir::control
