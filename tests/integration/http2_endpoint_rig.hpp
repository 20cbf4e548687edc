// What the suites of HTTP/2 to endpoints and of gRPC share: a Weir with one worker, for which HTTP/2 to its upstream
// `app` is configured, in front of a scriptable endpoint, and clients of both protocols. The test's thread only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/http2_client.hpp"
#include "support/http2_scripts.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {

/// For an upstream of endpoints without TLS; `app`: further keys of it. The listener `http` speaks both protocols.
ConfigText h2c_config(const std::vector<std::string>& endpoints, const std::string& app = "");
/// `h2` or `auto` with TLS that verifies nothing.
ConfigText h2_config(const std::vector<std::string>& endpoints, const std::string& protocol,
                     const std::string& app = "");

class Http2EndpointRig : public ::testing::Test {
 protected:
  explicit Http2EndpointRig(Http2EndpointOptions options = {}, Http2Script script = scripts::by_path())
      : endpoint_(std::move(script), std::move(options)) {}

  /// With `endpoint_` alone; `app`: further keys of the upstream.
  void start(const std::string& app = "") { start(h2c_config({endpoint_.address()}, app)); }
  void start(const ConfigText& config) { weir_ = std::make_unique<WeirProcess>(config); }

  Http2Client client(Http2Options options = {}) const {
    return Http2Client(weir_->port(), std::move(options));
  }
  /// One GET on a connection of its own over HTTP/2.
  Http2Response get(const std::string& path, const h2::FieldLines& extra = {}) const {
    return client().get(path, extra);
  }
  /// GETs of `/hang` that have reached the endpoint, one after the other; their streams.
  std::vector<std::uint32_t> hang(Http2Client& client, std::size_t count) const;
  /// What Weir counts.
  double failures() const { return weir_->metric("weir_upstream_failures_total"); }
  double retries(const std::string& outcome) const {
    return weir_->metric("weir_upstream_retries_total", "outcome=\"" + outcome + "\"");
  }

  Http2Endpoint endpoint_;
  std::unique_ptr<WeirProcess> weir_;
};

/// Options of an endpoint with a certificate of its own; `alpn` as it prefers them.
Http2EndpointOptions served_with_tls(const TempDir& directory, const std::vector<std::string>& alpn = {"h2"});

/// The newest line of the access log once there are `count`.
boost::json::object log_line(WeirProcess& weir, std::size_t count = 1);
/// `outcome` of each attempt of a line of the access log.
std::vector<std::string> outcomes(const boost::json::object& line);

}  // namespace weir::testing
