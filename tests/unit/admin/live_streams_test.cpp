// /api/v1/stream over real sockets: the snapshot, ticks that change it into the present, events, coming back, and how
// many streams there may be.
#include "admin/live_streams.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "observe/events.hpp"
#include "support/deadline.hpp"
#include "support/raw_client.hpp"
#include "unit/admin/fixture.hpp"

namespace weir::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using testing::Response;
namespace json = boost::json;

RawClient ask(const AdminFixture& admin, const std::string& fields = "", const std::string& query = "") {
  RawClient client(admin.port);
  client.send("GET /api/v1/stream" + query + " HTTP/1.1\r\nHost: " + admin.address() + "\r\n" + fields +
              "\r\n");
  return client;
}

/// The data of the next message of that kind.
json::value next(RawClient& client, const std::string& kind) {
  client.read_until("event: " + kind + "\ndata: ");
  std::string data = client.read_until("\n\n");
  data.resize(data.size() - 2);
  return json::parse(data);
}

// A token that is not valid any more reads on otherwise.
TEST(LiveStream, EndsWhenTheTokensChange) {
  AdminFixture admin(scripted_backend(),
                     AdminOptions{.rules = {.token = {}, .read_token = "old", .hosts = {}}});
  RawClient client = ask(admin, "Authorization: Bearer old\r\n");
  next(client, "snapshot");
  RawClient events(admin.port);
  events.send("GET /api/v1/events HTTP/1.1\r\nHost: " + admin.address() +
              "\r\nAuthorization: Bearer old\r\n\r\n");
  events.read_until("retry: 3000\n\n");
  admin.on_thread([&] { admin.server->set_rules({.token = {}, .read_token = "old", .hosts = {"a.test"}}); });
  next(client, "tick");
  admin.on_thread([&] { admin.server->set_rules({.token = {}, .read_token = "new", .hosts = {}}); });
  EXPECT_THAT(client.read_to_end().bytes, ::testing::EndsWith("0\r\n\r\n"));
  EXPECT_THAT(events.read_to_end().bytes, ::testing::EndsWith("0\r\n\r\n"));
  EXPECT_THAT(ask(admin, "Authorization: Bearer old\r\n").read_head().status, 401);
  RawClient again = ask(admin, "Authorization: Bearer new\r\n");
  next(again, "snapshot");
}

TEST(LiveStream, BeginsWithASnapshotAndGoesOnWithTicks) {
  const AdminFixture admin;
  RawClient client = ask(admin);
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Type: text/event-stream"));
  const json::value snapshot = next(client, "snapshot");
  EXPECT_EQ(snapshot.at("view").at("process").at("boot"), "1f0c9a3e");
  EXPECT_EQ(
      snapshot.at("view").at("upstreams").at("blue").at("endpoints").at("127.0.0.1:9001").at("requests"),
      500);
  EXPECT_TRUE(snapshot.at("history").as_object().contains("seconds"));
  const json::value tick = next(client, "tick");
  EXPECT_TRUE(tick.as_object().contains("at"));
  EXPECT_FALSE(tick.as_object().contains("config")) << "it has not changed";
}

TEST(LiveStream, EventsComeBetween) {
  const AdminFixture admin;
  emit("from before");
  RawClient client = ask(admin);
  next(client, "snapshot");
  EXPECT_THAT(client.read_until("\"text\":\"from before\"}\n\n"), HasSubstr("id: 1f0c9a3e-"));
  emit("now");
  client.read_until("event: event\ndata: ");
  client.read_until("\"text\":\"now\"}\n\n");
}

TEST(LiveStream, WhoComesBackGetsTheEventsBehindItsLastOne) {
  const AdminFixture admin;
  const std::uint64_t seen = emit("seen");
  emit("unseen");
  RawClient same = ask(admin, "Last-Event-ID: 1f0c9a3e-" + std::to_string(seen) + "\r\n");
  next(same, "snapshot");
  EXPECT_THAT(same.read_until("\"text\":\"unseen\"}"), Not(HasSubstr("\"text\":\"seen\"")));
  RawClient other = ask(admin, "Last-Event-ID: 00000000-" + std::to_string(seen) + "\r\n");
  next(other, "snapshot");
  EXPECT_THAT(other.read_until("\"text\":\"unseen\"}"), HasSubstr("\"text\":\"seen\""))
      << "ids of another process";
}

TEST(LiveStream, AClientOfFewEventsGetsTheLatest) {
  const AdminFixture admin;
  for (std::size_t i = 0; i < 2 * LiveStreams::first_events_max; ++i) emit("number " + std::to_string(i));
  RawClient client = ask(admin);
  next(client, "snapshot");
  EXPECT_EQ(next(client, "event").at("text").as_string(),
            "number " + std::to_string(LiveStreams::first_events_max));
}

TEST(LiveStream, TheIntervalIsChecked) {
  EXPECT_EQ(stream_asked("/api/v1/stream", "")->interval, Milliseconds(1000));
  EXPECT_EQ(stream_asked("/api/v1/stream?interval=5s", "x-1")->interval, Milliseconds(5000));
  EXPECT_EQ(stream_asked("/api/v1/stream?interval=5s", "x-1")->last_event_id, "x-1");
  for (const char* wrong : {"0", "999ms", "61s", "often", "-1s"})
    EXPECT_FALSE(stream_asked(std::string("/api/v1/stream?interval=") + wrong, "")) << wrong;
  const AdminFixture admin;
  RawClient client = ask(admin, "", "?interval=1h");
  EXPECT_EQ(client.read_response().status, 400);
}

TEST(LiveStream, TheSeventeenthIsRefusedUntilOneLeaves) {
  AdminFixture admin;
  std::vector<RawClient> streams;
  for (std::size_t i = 0; i < LiveStreams::streams_max; ++i) {
    streams.push_back(ask(admin));
    next(streams.back(), "snapshot");
  }
  RawClient refused = ask(admin);
  const Response response = refused.read_response();
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("as many streams as there may be are open"));
  streams.pop_back();
  testing::eventually("its place is free", [&] {
    return admin.on_thread([&] { return admin.server->live_streams(); }) < LiveStreams::streams_max;
  });
  RawClient client = ask(admin);
  next(client, "snapshot");
}

TEST(LiveStream, EndsCleanlyAndNoNewOneStarts) {
  AdminFixture admin;
  RawClient client = ask(admin);
  next(client, "snapshot");
  admin.on_thread([&] { admin.server->end_event_streams(); });
  EXPECT_TRUE(client.read_to_end().bytes.ends_with("\r\n0\r\n\r\n"));
  RawClient late = ask(admin);
  EXPECT_EQ(late.read_response().status, 503);
}

TEST(LiveStream, TheServerMayGoWhileStreamsAreOpenAndWorkersAreAsked) {
  AdminBackend backend = scripted_backend();
  const auto held = std::make_shared<std::vector<CountersReply>>();
  backend.counters = [held](CountersReply reply) { held->push_back(std::move(reply)); };
  RawClient client = [&] {
    AdminFixture admin(std::move(backend));
    RawClient stream = ask(admin);
    stream.read_until("retry: 3000\n\n");
    return stream;
  }();
  client.read_to_end();
  ASSERT_FALSE(held->empty());
  for (const CountersReply& reply : *held) reply(observe::WorkerMetrics(), observe::NameTable());
}

/// Workers that do not answer are not asked again and again.
TEST(LiveStream, OneQuestionAtATime) {
  AdminBackend backend = scripted_backend();
  const auto asked = std::make_shared<std::atomic<int>>(0);
  backend.counters = [asked](const CountersReply&) { ++*asked; };
  AdminFixture admin(std::move(backend));
  RawClient one = ask(admin), two = ask(admin);
  one.read_until("retry: 3000\n\n");
  two.read_until("retry: 3000\n\n");
  EXPECT_EQ(asked->load(), 1);
}

TEST(LiveStream, AHeadAloneIsRefused) {
  const AdminFixture admin;
  RawClient client(admin.port);
  client.send("HEAD /api/v1/stream HTTP/1.1\r\nHost: " + admin.address() + "\r\n\r\n");
  EXPECT_EQ(client.read_response("HEAD").status, 405);
}

}  // namespace
}  // namespace weir::control
