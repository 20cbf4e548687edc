// What a request asks for and of whom, as its target says (RFC 9112 3.2; `:path` of RFC 9113 8.3.1): its form and its
// parts. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/head.hpp"

namespace weir::http {

/// Methods that are longer are refused.
inline constexpr std::size_t method_bytes_max = 32;

/// What a target says: its form and parts.
struct Target {
  TargetForm form = TargetForm::origin;
  std::string_view path;  // "*" for the asterisk form; "/" where an absolute one names none
  std::string_view query;
  bool has_query = false;
  std::string_view authority;  // of the absolute form
};

/// Takes `text` apart for a request with `method`. What is wrong with it, or nullptr.
const char* parse_target(std::string_view text, Method method, Target& target);

}  // namespace weir::http
