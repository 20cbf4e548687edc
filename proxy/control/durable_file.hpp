// Files that survive a crash at any moment: a replaced file is the old one or the new one, whole; an appended line
// is on the disk before the call returns. Blocking; the control thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "io/file_descriptor.hpp"

namespace weir::control {

/// Makes the folder and those above it, where they are missing. An error (internal) names it.
Result<void> make_folder(const std::string& path);

/// Makes the folder this process's own for as long as the descriptor is open, by a lock on its file `lock`. An error
/// (internal) when another process has it; a process that ends, however it does, gives it up.
Result<io::FileDescriptor> claim_folder(const std::string& path);

/// Writes a temporary file beside `path`, syncs it, renames it over `path`, syncs the folder. Errors (internal)
/// leave the old file.
Result<void> replace_file(const std::string& path, std::string_view text);

/// Appends `line` and a newline, and syncs. Makes the file (0640) where there is none; ends a line that a crash
/// left open first.
Result<void> append_line(const std::string& path, std::string_view line);

/// The whole file; nothing when there is none. An error when it cannot be read or is longer than `bytes_max`.
Result<std::optional<std::string>> read_file(const std::string& path, std::size_t bytes_max);

/// The last `bytes_max` bytes at most, from the start of a line on; empty when there is none.
Result<std::string> read_tail(const std::string& path, std::size_t bytes_max);

}  // namespace weir::control
