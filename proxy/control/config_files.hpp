// The files that a configuration was read from: its own, and those that it names (certificates, keys, bodies). Known by
// what was asked for while it was loaded, so that a file that is missing, or named by a configuration that was refused,
// is among them. Control thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "config/load.hpp"

namespace weir::control {

/// Path -> digest of the content; empty for what could not be read.
using FileDigests = std::map<std::string, std::string>;

/// `around`, noting in `read` every file that is asked for. `read` must outlive the result.
config::Surroundings recording(const config::Surroundings& around, FileDigests& read);

/// The same files as they are now.
FileDigests read_again(const FileDigests& files, const config::Surroundings& around);

/// Paths of `now` that `before` does not have, or has with another content.
std::set<std::string> changed_files(const FileDigests& before, const FileDigests& now);

}  // namespace weir::control
