// Every key of the configuration, as config/README.md documents it: tests hold the parse functions,
// the defaults and the document to this table. Constant data; any thread.
#pragma once

#include <span>
#include <string_view>

namespace weir::config {

struct KeyInfo {
  std::string_view path;      // NAME for a name of one's own, [] for each element: listeners.NAME.address
  std::string_view type;      // map, list of ..., duration, size, number 1..5, a | b
  std::string_view unit;      // what a number counts; empty where the type says it
  std::string_view fallback;  // the default as YAML; `required`; `absent`
  std::string_view meaning;
};

/// In the order of the document.
std::span<const KeyInfo> known_keys();

}  // namespace weir::config
