// The admin page: its files of proxy/admin/web as they are, put into the binary by cmake/web_files.cmake, which makes
// the source file of this header. They need nothing from elsewhere. Constants; any thread.
#pragma once

#include <span>
#include <string_view>

namespace weir::control {

struct WebFile {
  std::string_view path, content_type, bytes;
};

/// `/` is the page itself.
std::span<const WebFile> web_files();

/// nullptr: there is none at `path`.
inline const WebFile* find_web_file(std::string_view path) {
  for (const WebFile& file : web_files()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

/// Content-Security-Policy of all of them: nothing inline, nothing from other places.
inline constexpr std::string_view web_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace weir::control
