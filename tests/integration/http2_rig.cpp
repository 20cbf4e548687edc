#include "integration/http2_rig.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "support/behaviours.hpp"

namespace weir::testing {
namespace {

constexpr std::string_view bytes_path = "/bytes/", text_path = "/text/";
/// Small, so that what an endpoint does not read stays with Weir and its client.
constexpr int endpoint_buffer_bytes = 8 * 1024;

void answer(EndpointConnection& connection, const Request& request, Gate& gate) {
  const std::string& target = request.target;
  if (target == "/hang") {
    connection.read_to_end();
    connection.close();
  } else if (target == "/gate") {
    if (connection.wait(gate)) connection.send(behave::ok_message("through"));
  } else if (target.starts_with(bytes_path)) {
    const auto bytes = std::strtoul(target.c_str() + bytes_path.size(), nullptr, 10);
    connection.send(behave::ok_message(std::string(bytes, 'b')));
  } else if (target.starts_with(text_path)) {
    const auto bytes = std::strtoul(target.c_str() + text_path.size(), nullptr, 10);
    connection.send(behave::ok_message(text_of(bytes)));
  } else if (target == "/echo") {
    connection.send(behave::ok_message(request.body));
  } else {
    connection.send(behave::ok_message("ok"));
  }
}

ConnectionBehaviour by_path(const std::shared_ptr<Gate>& gate) {
  return [gate](EndpointConnection& connection) {
    while (std::optional<Request> request = connection.read_request_head()) {
      if (request->target == "/deaf" && !connection.wait(*gate)) return;
      connection.read_body(*request);
      if (!request->complete) return;
      answer(connection, *request, *gate);
    }
  };
}

EndpointOptions endpoint_options() {
  EndpointOptions options;
  options.receive_buffer_bytes = endpoint_buffer_bytes;
  return options;
}

}  // namespace

Http2Rig::Http2Rig() : endpoint_(by_path(gate_), endpoint_options()) {}

ConfigText Http2Rig::config() const {
  ConfigText config = config_for(endpoint_.address());
  config.server = "workers: 1, shutdown_timeout: 5s";
  config.http = "protocols: [http/1.1, h2c]";
  config.routes = {"{ name: own, match: { path: /own }, respond: { status: 200, body: own } }"};
  return config;
}

void Http2Rig::start(const std::string& http) {
  ConfigText text = config();
  if (!http.empty()) text.http += ", " + http;
  start(text);
}

void Http2Rig::start(const ConfigText& config) {
  weir_ = std::make_unique<WeirProcess>(config);
}

Http2Client Http2Rig::narrow_client(std::uint32_t stream_window, std::uint32_t added_to_connection) const {
  Http2Options options;
  options.settings = {{h2::initial_window_size, stream_window}};
  options.connection_window = added_to_connection;
  options.keep_windows = false;
  Http2Client client(weir_->port(), std::move(options));
  client.wait_settings_ack();
  return client;
}

void Http2Rig::expect_calmed(Http2Client& client, const std::vector<std::string>& reasons) const {
  EXPECT_EQ(client.wait_goaway().code, h2::enhance_your_calm);
  client.wait_close();
  eventually("the connection is counted as closed", [&] { return closed() == 1; });
  double named = 0;
  for (const std::string& reason : reasons) named += closed(reason);
  EXPECT_EQ(named, 1) << weir_->admin("/metrics").body;
}

double Http2Rig::closed(const std::string& reason) const {
  const std::string label = reason.empty() ? "" : "listener=\"http\",reason=\"" + reason + "\"";
  return weir_->metric("weir_http2_connections_closed_total", label);
}

void Http2Rig::expect_alive(Http2Client& client) {
  client.round_trip();
  const Http2Response response = client.get("/ok");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "ok");
  EXPECT_TRUE(client.goaways().empty()) << client.transcript();
}

std::string text_of(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i) + ' ';
  text.resize(bytes);
  return text;
}

std::size_t send_into_window(Http2Client& client, std::uint32_t stream, std::size_t bytes_max,
                             std::size_t piece) {
  std::size_t sent = 0;
  while (sent < bytes_max) {
    const std::int64_t window = std::min(client.send_window(stream), client.connection_send_window());
    if (window <= 0) break;
    const std::size_t bytes = std::min({static_cast<std::size_t>(window), bytes_max - sent, piece});
    if (!client.force_data(stream, std::string(bytes, 'u'))) break;
    sent += bytes;
  }
  return sent;
}

std::string block_of(const std::string& method, const std::string& path, const h2::FieldLines& extra) {
  return h2::hpack_block(
             {{":method", method}, {":scheme", "http"}, {":authority", "example.test"}, {":path", path}}) +
         h2::hpack_block(extra);
}

}  // namespace weir::testing
