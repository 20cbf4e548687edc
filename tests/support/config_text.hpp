// The configuration of a Weir under test, as YAML text built from a few parts: tests say what they are about
// and leave the rest at what fits a test (port 0, two workers, no waiting). Every part is one line of flow
// YAML.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::testing {

struct ConfigText {
  std::string server = "workers: 2, shutdown_timeout: 5s";
  std::string admin = "address: \"127.0.0.1:0\"";
  std::string log = "level: info";
  std::string trusted_proxies;         // `10.0.0.0/8, ...`; empty: the key is left out
  std::string http;                    // further keys of listener `http`, e.g. `limits: {...}`
  std::vector<std::string> listeners;  // further listeners: `https: { address: ..., tls: {...} }`
  std::vector<std::string> endpoints;  // of upstream `app`, `127.0.0.1:9001` or `{ address: ..., weight: 2 }`
  std::string app;                     // further keys of upstream `app`, e.g. `timeouts: {...}`
  std::vector<std::string> upstreams;  // further upstreams: `other: { endpoints: [...] }`
  std::string rate_limits;             // the `rate_limits:` map's content; empty: the key is left out
  std::string headers;                 // the `headers:` map's content; empty: the key is left out
  std::string access;                  // the `access:` map's content; empty: the key is left out
  std::string route = "";              // further keys of the default route `all`
  std::vector<std::string> routes;     // `{ name: ..., ... }`: before the default route
  bool default_route = true;           // everything else goes to `app`

  std::string yaml() const;
};

/// A config with one listener `http`, one upstream `app` of these endpoints, and a route for everything.
ConfigText config_for(const std::vector<std::string>& endpoints);
ConfigText config_for(const std::string& endpoint);

/// `https: {...}` for ConfigText::listeners. `tls`: further keys of the tls map.
std::string tls_listener(const std::string& cert_file, const std::string& key_file,
                         const std::string& tls = "", const std::string& name = "https");

}  // namespace weir::testing
