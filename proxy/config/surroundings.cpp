#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "config/load.hpp"
#include "config/text.hpp"
#include "config/yaml.hpp"

namespace weir::config {
namespace {

FileError error_of(int code) {
  return {std::strerror(code), code == ENOENT};
}

std::variant<std::string, FileError> read_all(int fd) {
  std::string content;
  std::array<char, 64 * 1024> chunk;
  for (;;) {
    const ssize_t count = read(fd, chunk.data(), chunk.size());
    if (count == 0) return content;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return error_of(errno);
    content.append(chunk.data(), static_cast<std::size_t>(count));
    if (content.size() > yaml_bytes_max) {
      return FileError{"larger than " + std::to_string(yaml_bytes_max >> 20) + " MiB"};
    }
  }
}

std::variant<std::string, FileError> read_real_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error_of(errno);
  auto content = read_all(fd);
  close(fd);
  return content;
}

std::optional<std::string> real_variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (!value) return std::nullopt;
  return std::string(value);
}

std::vector<std::pair<std::string, std::string>> real_variables() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** at = environ; at && *at; ++at) {
    const std::string_view entry = *at;
    const auto equals = entry.find('=');
    if (equals == entry.npos) continue;
    out.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

std::optional<std::string> check_real_output(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd >= 0) {
    close(fd);
    return std::nullopt;
  }
  if (errno != ENOENT) return "cannot write to " + quote(path) + ": " + std::strerror(errno);
  const auto slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  if (access(folder.c_str(), W_OK | X_OK) == 0) return std::nullopt;
  return "cannot make " + quote(path) + ": " + quote(folder) + ": " + std::strerror(errno);
}

}  // namespace

Surroundings real_surroundings(
    std::function<std::optional<std::string>(const CertificatePair&)> check_certificate,
    std::function<std::optional<std::string>(const std::string&)> check_ca,
    std::vector<std::string> tls_groups) {
  return {real_variable,       real_variables,    read_real_file,       std::move(check_certificate),
          std::move(check_ca), check_real_output, std::move(tls_groups)};
}

std::vector<std::string> default_files(const Surroundings& surroundings) {
  std::vector<std::string> files{"config/weir.yaml"};
  const auto layer = surroundings.environment("WEIR_ENV");
  if (!layer || layer->empty()) return files;
  const std::string file = "config/" + *layer + ".yaml";
  const auto content = surroundings.read_file(file);
  const auto* const error = std::get_if<FileError>(&content);
  if (!error || !error->absent) files.push_back(file);
  return files;
}

}  // namespace weir::config
