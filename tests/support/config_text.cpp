#include "support/config_text.hpp"

namespace weir::testing {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// `, keys` when there are any.
std::string further(const std::string& keys) {
  return keys.empty() ? "" : ", " + keys;
}

std::string quoted_addresses(const std::vector<std::string>& endpoints) {
  std::vector<std::string> quoted;
  for (const std::string& endpoint : endpoints) {
    quoted.push_back(endpoint.starts_with("{") ? endpoint : "\"" + endpoint + "\"");
  }
  return joined(quoted);
}

}  // namespace

std::string ConfigText::yaml() const {
  std::string text = "server: { " + server + " }\nadmin: { " + admin + " }\nlog: { " + log + " }\n";
  if (!trusted_proxies.empty()) text += "trusted_proxies: [ " + trusted_proxies + " ]\n";
  text += "listeners:\n  http: { address: \"127.0.0.1:0\"" + further(http) + " }\n";
  for (const std::string& listener : listeners) text += "  " + listener + "\n";
  text += "upstreams:\n  app: { endpoints: [ " + quoted_addresses(endpoints) + " ]" + further(app) + " }\n";
  for (const std::string& upstream : upstreams) text += "  " + upstream + "\n";
  if (!rate_limits.empty()) text += "rate_limits: { " + rate_limits + " }\n";
  if (!headers.empty()) text += "headers: { " + headers + " }\n";
  if (!access.empty()) text += "access: { " + access + " }\n";
  text += "routes:\n";
  for (const std::string& each : routes) text += "  - " + each + "\n";
  if (default_route)
    text += "  - { name: all, match: { path_prefix: / }, upstream: app" + further(route) + " }\n";
  return text;
}

ConfigText config_for(const std::vector<std::string>& endpoints) {
  ConfigText config;
  config.endpoints = endpoints;
  return config;
}

ConfigText config_for(const std::string& endpoint) {
  return config_for(std::vector<std::string>{endpoint});
}

std::string tls_listener(const std::string& cert_file, const std::string& key_file, const std::string& tls,
                         const std::string& name) {
  return name + ": { address: \"127.0.0.1:0\", tls: { certificates: [ { cert: \"" + cert_file +
         "\", key: \"" + key_file + "\" } ]" + further(tls) + " } }";
}

}  // namespace weir::testing
