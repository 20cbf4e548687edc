// /api/v1/stream of the real binary: the numbers of requests that were made, changes as they happen, coming back, and
// memory through a thousand reloads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/behaviours.hpp"
#include "support/sanitizer.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace json = boost::json;

/// RFC 7396 2, for objects.
void apply(json::object& target, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    if (value.is_null()) {
      target.erase(key);
    } else if (!value.is_object()) {
      target[key] = value;
    } else {
      json::value& member = target[key];
      if (!member.is_object()) member = json::object();
      apply(member.get_object(), value.get_object());
    }
  }
}

/// A client of the stream, with the present as the messages say it.
class Follower {
 public:
  explicit Follower(std::uint16_t admin_port, const std::string& fields = "") : client_(admin_port) {
    client_.send("GET /api/v1/stream?interval=1s HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + "\r\n");
    head_ = client_.read_until("\r\n\r\n");
    if (!is_open()) return;
    while (view.empty()) take();
  }

  bool is_open() const { return head_.starts_with("HTTP/1.1 200 "); }
  const std::string& head() const { return head_; }
  /// Takes the next message.
  void take() {
    std::string kind;
    for (;;) {
      std::string line = client_.read_until("\n");
      line.pop_back();
      if (line.starts_with("id: ")) last_id = line.substr(4);
      if (line.starts_with("event: ")) kind = line.substr(7);
      if (!line.starts_with("data: ")) continue;
      const json::value data = json::parse(line.substr(6));
      ++messages;
      if (kind == "snapshot") {
        view = data.at("view").as_object();
        history = data.at("history").as_object();
      }
      if (kind == "tick") apply(view, data.as_object());
      if (kind == "event") events.emplace_back(data.at("text").as_string());
      return;
    }
  }
  /// Takes messages until `holds` does.
  template <class Condition>
  void take_until(const char* what, Condition holds) {
    const Deadline deadline;
    while (!holds() && !deadline.has_passed()) take();
    EXPECT_TRUE(holds()) << what;
  }

  json::object view, history;
  std::vector<std::string> events;
  std::string last_id;
  int messages = 0;

 private:
  RawClient client_;
  std::string head_;
};

const json::value& at(const json::object& view, std::initializer_list<std::string_view> path) {
  static const json::value none;
  const json::object* object = &view;
  const json::value* value = &none;
  for (const std::string_view key : path) {
    if (object == nullptr) return none;
    value = object->if_contains(key);
    if (value == nullptr) return none;
    object = value->if_object();
  }
  return *value;
}

Response put(const WeirProcess& weir, const std::string& path, const std::string& body,
             const std::string& fields = "") {
  RawClient client(weir.admin_port());
  client.send("PUT " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return client.read_response("PUT");
}

TEST(Stream, ShowsTheRequestsThatAreMade) {
  ScriptableEndpoint endpoint(behave::ok());
  WeirProcess weir(config_for(endpoint.address()));
  Follower follower(weir.admin_port());
  EXPECT_THAT(follower.head(), HasSubstr("Content-Type: text/event-stream"));
  EXPECT_EQ(at(follower.view, {"process", "state"}), "ready");
  for (int i = 0; i < 5; ++i) weir.get("/");
  follower.take_until("they are counted", [&] { return at(follower.view, {"traffic", "requests"}) == 5; });
  const std::string address = endpoint.address();
  EXPECT_EQ(at(follower.view, {"upstreams", "app", "requests"}), 5);
  EXPECT_EQ(at(follower.view, {"upstreams", "app", "endpoints", address, "requests"}), 5);
  EXPECT_TRUE(at(follower.view, {"traffic", "p95_ms"}).is_number());
  follower.take_until("the rate is of the last second", [&] {
    return at(follower.view, {"traffic", "rps"}) == 0;
  });
  weir.stop();
}

TEST(Stream, ItsHistoryIsThereBeforeAnybodyLooks) {
  ScriptableEndpoint endpoint(behave::ok());
  WeirProcess weir(config_for(endpoint.address()));
  for (int i = 0; i < 7; ++i) weir.get("/");
  eventually("a second of it is kept", [&] {
    const Follower follower(weir.admin_port());
    const json::value& requests = at(follower.history, {"all", "requests"});
    if (!requests.is_array()) return false;
    int sum = 0;
    for (const json::value& second : requests.get_array())
      sum += second.is_null() ? 0 : second.to_number<int>();
    return sum == 7;
  });
  weir.stop();
}

TEST(Stream, ShowsAnEndpointThatIsTakenOutAndTheEvent) {
  ScriptableEndpoint one(behave::ok()), two(behave::ok());
  WeirProcess weir(config_for({one.address(), two.address()}));
  Follower follower(weir.admin_port());
  const std::string path = "/api/v1/upstreams/app/endpoints/" + one.address();
  EXPECT_EQ(put(weir, path, R"({"state":"drain","reason":"new kernel","who":"ann"})").status, 200);
  const std::string address = one.address();
  follower.take_until("it is shown", [&] {
    return at(follower.view, {"upstreams", "app", "endpoints", address, "state"}) == "drain";
  });
  EXPECT_THAT(json::serialize(follower.view.at("problems")), HasSubstr("new kernel"));
  EXPECT_THAT(json::serialize(follower.view.at("audit")), HasSubstr("endpoint_set"));
  follower.take_until("the event came", [&] { return !follower.events.empty(); });
  EXPECT_THAT(follower.events.back(), HasSubstr("took app/" + address + " out of use"));
  weir.stop();
}

TEST(Stream, WhoComesBackMissesNoEvent) {
  ScriptableEndpoint one(behave::ok()), two(behave::ok());
  WeirProcess weir(config_for({one.address(), two.address()}));
  const std::string path = "/api/v1/upstreams/app/endpoints/" + one.address();
  std::string last_id;
  {
    Follower follower(weir.admin_port());
    EXPECT_EQ(put(weir, path, R"({"state":"drain"})").status, 200);
    follower.take_until("the event came", [&] { return follower.events.size() == 1; });
    last_id = follower.last_id;
  }
  EXPECT_EQ(put(weir, path, R"({"state":"active"})").status, 200);
  Follower again(weir.admin_port(), "Last-Event-ID: " + last_id + "\r\n");
  again.take_until("the event came", [&] { return !again.events.empty(); });
  EXPECT_THAT(again.events.front(), StartsWith("put app/"));
  EXPECT_EQ(again.events.size(), 1u);
  weir.stop();
}

TEST(Stream, TheSeventeenthGets503) {
  ScriptableEndpoint endpoint(behave::ok());
  WeirProcess weir(config_for(endpoint.address()));
  std::vector<Follower> followers;
  for (int i = 0; i < 16; ++i) followers.emplace_back(weir.admin_port());
  EXPECT_THAT(Follower(weir.admin_port()).head(), StartsWith("HTTP/1.1 503 "));
  for (Follower& follower : followers) EXPECT_TRUE(follower.is_open());
  followers.pop_back();
  eventually("a place is free", [&] { return Follower(weir.admin_port()).is_open(); });
  weir.stop_busy();
}

TEST(Stream, AChangeForAnotherGenerationIsRefused) {
  ScriptableEndpoint one(behave::ok()), two(behave::ok());
  WeirProcess weir(config_for({one.address(), two.address()}));
  const std::string path = "/api/v1/upstreams/app/endpoints/" + one.address();
  const Response refused = put(weir, path, R"({"state":"drain","generation":99})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("look again and decide anew"));
  const Follower follower(weir.admin_port());
  const std::string tag(at(follower.view, {"config", "tag"}).as_string());
  EXPECT_EQ(put(weir, path, R"({"state":"drain","generation":")" + tag + "\"}").status, 200);
  weir.stop();
}

TEST(Stream, PagesOfOtherSitesCannotWriteAndOtherHostsCannotRead) {
  ScriptableEndpoint one(behave::ok()), two(behave::ok());
  WeirProcess weir(config_for({one.address(), two.address()}));
  const std::string path = "/api/v1/upstreams/app/endpoints/" + one.address();
  const std::string drain = R"({"state":"drain"})", json_type = "Content-Type: application/json\r\n";
  EXPECT_EQ(put(weir, path, drain, json_type + "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(put(weir, path, drain, json_type + "Sec-Fetch-Site: cross-site\r\n").status, 403);
  EXPECT_EQ(put(weir, path, drain, "Sec-Fetch-Site: same-origin\r\nContent-Type: text/plain\r\n").status,
            415);
  RawClient client(weir.admin_port());
  client.send("GET /api/v1/stream HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 421);
  EXPECT_EQ(weir.admin_json(path).at("state"), "healthy");
  EXPECT_EQ(put(weir, path, drain, json_type + "Sec-Fetch-Site: same-origin\r\n").status, 200);
  weir.stop();
}

/// Routes and upstreams have other names each time: what is gone leaves nothing.
TEST(Stream, MemoryStaysFlatThroughAThousandReloads) {
  ScriptableEndpoint endpoint(behave::ok());
  const auto config = [&](int i) {
    ConfigText text = config_for(endpoint.address());
    text.routes = {"{ name: other" + std::to_string(i) + ", match: { path_prefix: /other }, upstream: app }"};
    return text.yaml();
  };
  WeirProcess weir(config(0));
  Follower follower(weir.admin_port());
  const auto reload = [&weir, &config](int i) {
    weir.write_config(config(i));
    const Response response = weir.admin("/api/v1/reload", "POST");
    EXPECT_EQ(response.status, 200) << response.body;
  };
  const int rounds = sanitized() ? 100 : 1000;
  for (int i = 1; i <= rounds / 5; ++i) reload(i);
  follower.take();
  const double before = weir.rss_kib();
  for (int i = rounds / 5 + 1; i <= rounds; ++i) {
    reload(i);
    if (i % 20 == 0) follower.take();
  }
  const std::string last = "other" + std::to_string(rounds);
  follower.take_until("it shows the last one", [&] {
    return at(follower.view, {"routes", last}).is_object();
  });
  EXPECT_TRUE(at(follower.view, {"routes", "other1"}).is_null());
  constexpr double grown_kib_max = 4096;
  if (!sanitized()) {
    EXPECT_LT(weir.rss_kib() - before, grown_kib_max);
  }
  EXPECT_EQ(weir.stop_busy().code, 0);
}

}  // namespace
}  // namespace weir::testing
