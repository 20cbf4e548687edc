// An endpoint that answers before it has the whole request: the client gets the answer at once, and an upload that
// goes nowhere holds nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

/// Takes some of the body while it answers, then neither reads nor closes.
ConnectionBehaviour answers_early_and_falls_silent() {
  return [](EndpointConnection& connection) {
    if (!connection.read_request_head()) return;
    connection.read_some();
    connection.send(behave::ok_message("enough"));
    for (int i = 0; i < 3; ++i) connection.read_some();
    connection.pause(60s);
  };
}

TEST(EarlyAnswer, EndsTheExchangeWhateverTheUploadDoes) {
  constexpr std::size_t rounds = 20;
  ScriptableEndpoint endpoint(answers_early_and_falls_silent());
  ConfigText config = config_for(endpoint.address());
  config.http = "limits: { body_idle_timeout: 60s }";
  WeirProcess weir(config);
  const std::string piece(512 * 1024, 'u');
  for (std::size_t round = 1; round <= rounds; ++round) {
    RawClient client = weir.connect();
    client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
    client.stream().write_available(piece);  // keeps the relay busy while the answer passes it
    const Response response = client.read_response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "enough");
    EXPECT_EQ(weir.access_log(round).back().at("status"), 200);  // long before body_idle_timeout
    // The client stays, and is silent: only the answer ended the exchange.
  }
  weir.wait_for_metric("weir_upstream_in_flight", "", 0);
}

}  // namespace
}  // namespace weir::testing
