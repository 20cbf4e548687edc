#include "control/config_files.hpp"

#include <utility>
#include <variant>

#include "config/digest.hpp"

namespace weir::control {
namespace {

using Content = std::variant<std::string, config::FileError>;

std::string digest_of(const Content& content) {
  const auto* const text = std::get_if<std::string>(&content);
  return text != nullptr ? config::short_sha256(*text) : std::string();
}

}  // namespace

config::Surroundings recording(const config::Surroundings& around, FileDigests& read) {
  config::Surroundings recorded = around;
  recorded.read_file = [&read, &around](const std::string& path) {
    Content content = around.read_file(path);
    read[path] = digest_of(content);
    return content;
  };
  recorded.check_certificate = [&read, &around](const config::CertificatePair& pair) {
    for (const std::string& path : {pair.cert, pair.key}) read[path] = digest_of(around.read_file(path));
    return around.check_certificate(pair);
  };
  recorded.check_ca = [&read, &around](const std::string& path) {
    read[path] = digest_of(around.read_file(path));
    return around.check_ca(path);
  };
  return recorded;
}

FileDigests read_again(const FileDigests& files, const config::Surroundings& around) {
  FileDigests now;
  for (const auto& [path, digest] : files) now.emplace(path, digest_of(around.read_file(path)));
  return now;
}

std::set<std::string> changed_files(const FileDigests& before, const FileDigests& now) {
  std::set<std::string> changed;
  for (const auto& [path, digest] : now) {
    const auto known = before.find(path);
    if (known == before.end() || known->second != digest) changed.insert(path);
  }
  return changed;
}

}  // namespace weir::control
