#include "integration/http2_endpoint_rig.hpp"

#include <utility>

#include "support/test_certificates.hpp"

namespace weir::testing {

ConfigText h2c_config(const std::vector<std::string>& endpoints, const std::string& app) {
  ConfigText config = config_for(endpoints);
  config.server = "workers: 1, shutdown_timeout: 5s";
  config.http = "protocols: [http/1.1, h2c]";
  config.app = "protocol: h2c" + (app.empty() ? "" : ", " + app);
  return config;
}

ConfigText h2_config(const std::vector<std::string>& endpoints, const std::string& protocol,
                     const std::string& app) {
  ConfigText config = h2c_config(endpoints);
  config.app = "protocol: " + protocol + ", tls: { verify: false }" + (app.empty() ? "" : ", " + app);
  return config;
}

std::vector<std::uint32_t> Http2EndpointRig::hang(Http2Client& client, std::size_t count) const {
  std::vector<std::uint32_t> streams;
  const std::size_t before = endpoint_.request_count();
  for (std::size_t i = 0; i < count; ++i) {
    streams.push_back(client.start_get("/hang"));
    endpoint_.wait_for_requests(before + i + 1);
  }
  return streams;
}

Http2EndpointOptions served_with_tls(const TempDir& directory, const std::vector<std::string>& alpn) {
  const CertificateFiles files = TestCa().issue_files(directory, "endpoint");
  Http2EndpointOptions options;
  options.tls = true;
  options.tls_options.cert_file = files.cert;
  options.tls_options.key_file = files.key;
  options.tls_options.alpn = alpn;
  return options;
}

boost::json::object log_line(WeirProcess& weir, std::size_t count) {
  return weir.access_log(count).back();
}

std::vector<std::string> outcomes(const boost::json::object& line) {
  std::vector<std::string> found;
  if (!line.contains("attempts")) return found;
  for (const boost::json::value& attempt : line.at("attempts").as_array()) {
    found.emplace_back(attempt.at("outcome").as_string());
  }
  return found;
}

}  // namespace weir::testing
