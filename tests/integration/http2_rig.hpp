// What the suites of HTTP/2 share: a Weir without TLS in front of one endpoint whose answer depends on the path, and
// clients of it that know HTTP/2 beforehand. Paths of the endpoint: `/hang` is never answered, `/gate` when the test
// opens gate_, `/bytes/N` with N bytes at once, `/text/N` with text_of(N), `/echo` with the body; the body of a request
// to `/deaf` stays unread until the gate is open; everything else is answered "ok". Weir itself answers `/own`. The
// test's thread only.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/http2_client.hpp"
#include "support/scriptable_endpoint.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {

class Http2Rig : public ::testing::Test {
 protected:
  Http2Rig();

  /// For start(): one worker, so that what happens on one connection is counted in one place.
  ConfigText config() const;
  /// With further keys of the listener, such as `limits: { idle_timeout: 1s }`.
  void start(const std::string& http = "");
  void start(const ConfigText& config);

  Http2Client client(Http2Options options = {}) const {
    return Http2Client(weir_->port(), std::move(options));
  }
  /// Whose windows are what it says and stay so until it says otherwise.
  Http2Client narrow_client(std::uint32_t stream_window, std::uint32_t added_to_connection = 0) const;

  /// Waits for GOAWAY with ENHANCE_YOUR_CALM and the end, and that it is counted under one of `reasons`.
  void expect_calmed(Http2Client& client, const std::vector<std::string>& reasons) const;
  /// Connections that Weir ended for something that their client did.
  double closed(const std::string& reason = "") const;
  /// The connection is in order: PING is answered, and so is a request.
  static void expect_alive(Http2Client& client);

  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  ScriptableEndpoint endpoint_;
  std::unique_ptr<WeirProcess> weir_;
};

/// As Http2Client::force_data(), in frames of `piece` bytes, as long as the windows allow; returns how much was sent.
std::size_t send_into_window(Http2Client& client, std::uint32_t stream, std::size_t bytes_max,
                             std::size_t piece = h2::default_frame_bytes_max);
/// Of `bytes`, different at every place.
std::string text_of(std::size_t bytes);
/// The pseudo fields of a request to example.test, encoded.
std::string block_of(const std::string& method, const std::string& path, const h2::FieldLines& extra = {});

}  // namespace weir::testing
