#include "config/world.hpp"

namespace weir::config::testing {
namespace {

std::optional<std::string> check_pem(const std::string& path) {
  if (path.find("missing") != path.npos) return "cannot read '" + path + "': no such file";
  return std::nullopt;
}

std::optional<std::string> check_output(const std::string& path) {
  if (path.find("missing") != path.npos) return "cannot make '" + path + "': no such folder";
  return std::nullopt;
}

std::optional<std::string> check_pair(const CertificatePair& pair) {
  if (auto wrong = check_pem(pair.cert)) return wrong;
  if (auto wrong = check_pem(pair.key)) return wrong;
  if (pair.key.find("other") == pair.key.npos) return std::nullopt;
  return "the key '" + pair.key + "' does not belong to the certificate '" + pair.cert + "'";
}

}  // namespace

Surroundings World::surroundings() const {
  Surroundings out;
  out.environment = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  out.environment_all = [this] {
    return std::vector<std::pair<std::string, std::string>>(environment.begin(), environment.end());
  };
  out.read_file = [this](const std::string& path) -> std::variant<std::string, FileError> {
    const auto found = files.find(path);
    if (found == files.end()) return FileError{"no such file", true};
    return found->second;
  };
  out.check_certificate = check_pair;
  out.check_ca = check_pem;
  out.check_output = check_output;
  out.tls_groups = {"X25519", "P-256", "P-384"};
  return out;
}

LoadResult load_text(const std::string& text, const World& world) {
  World with_file = world;
  with_file.files["a.yaml"] = text;
  return load({"a.yaml"}, with_file.surroundings());
}

std::string problems_of(const LoadResult& result) {
  std::string out;
  if (const auto* problems = std::get_if<std::vector<Problem>>(&result)) {
    for (const Problem& problem : *problems) out += problem.to_string() + "\n";
  }
  return out;
}

std::string minimal(const std::string& more) {
  return "listeners: { http: { address: 127.0.0.1:8080 } }\n"
         "upstreams: { app: { endpoints: [127.0.0.1:9001] } }\n"
         "routes: [{ name: all, upstream: app }]\n" +
         more;
}

}  // namespace weir::config::testing
