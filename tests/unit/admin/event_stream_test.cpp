// /api/v1/events over real sockets: what is kept, what comes, how streams end, and how many there may be.
#include "admin/event_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "cli/event_client.hpp"
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

std::string host(const AdminFixture& admin) {
  return "Host: " + admin.address() + "\r\n";
}

/// A stream behind `after`, with its head read.
RawClient open_stream(const AdminFixture& admin, std::uint64_t after,
                      const std::string& protocol = "HTTP/1.1") {
  RawClient client(admin.port);
  client.send("GET /api/v1/events?after=" + std::to_string(after) + " " + protocol + "\r\n" + host(admin) +
              "\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("text/event-stream"));
  client.read_until("retry: 3000\n\n");
  return client;
}

TEST(EventStream, SendsTheKeptOnesThenNewOnesAsTheyCome) {
  const AdminFixture admin;
  const std::uint64_t first = emit("one");
  emit("two");
  RawClient client = open_stream(admin, first - 1);
  const std::string kept = client.read_until("\"text\":\"two\"}\n\n");
  EXPECT_THAT(kept, HasSubstr("id: " + std::to_string(first) + "\nevent: test\ndata: {"));
  EXPECT_THAT(kept, HasSubstr("\"text\":\"one\"}\n\n"));
  for (int i = 0; i < 20; ++i) {
    emit("new " + std::to_string(i));
    client.read_until("\"text\":\"new " + std::to_string(i) + "\"}\n\n");
  }
}

TEST(EventStream, AnEventFromAnyThreadComesThrough) {
  const AdminFixture admin;
  RawClient client = open_stream(admin, observe::last_event_id());
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 50; ++i) emit("at once");
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::uint64_t last = observe::last_event_id();
  client.read_until("id: " + std::to_string(last) + "\n");
}

TEST(EventStream, AStreamWithoutNewsBeatsNowAndThen) {
  AdminOptions options;
  options.event_heartbeat = Milliseconds(5);
  const AdminFixture admin(scripted_backend(), options);
  RawClient client = open_stream(admin, observe::last_event_id());
  for (int i = 0; i < 3; ++i) client.read_until(": nothing new\n\n");
  emit("news");
  client.read_until("\"text\":\"news\"}\n\n");
}

TEST(EventStream, LastEventIdGoesOnWhereItEnded) {
  const AdminFixture admin;
  const std::uint64_t first = emit("seen");
  emit("unseen");
  RawClient client(admin.port);
  client.send("GET /api/v1/events HTTP/1.1\r\n" + host(admin) + "Last-Event-ID: " + std::to_string(first) +
              "\r\n\r\n");
  EXPECT_THAT(client.read_until("\"text\":\"unseen\"}"), Not(HasSubstr("\"text\":\"seen\"")));
}

TEST(EventStream, WhatIsNotKeptAnyMoreIsAGap) {
  const AdminFixture admin;
  const std::uint64_t first = emit("long ago");
  for (std::size_t i = 0; i < observe::events_kept_max + 10; ++i) emit("filler");
  RawClient client = open_stream(admin, first);
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("event: gap\ndata: {\"missed\":10}\n\n"));
}

TEST(EventStream, JsonComesAtOnce) {
  const AdminFixture admin;
  const std::uint64_t id = emit("listed");
  for (const std::string& request :
       {"GET /api/v1/events?format=json&after=" + std::to_string(id - 1) + " HTTP/1.1\r\n" + host(admin),
        "GET /api/v1/events?after=" + std::to_string(id - 1) + " HTTP/1.1\r\n" + host(admin) +
            "Accept: application/json\r\n"}) {
    RawClient client(admin.port);
    client.send(request + "\r\n");
    const Response response = client.read_response();
    EXPECT_EQ(response.fields.get("Content-Type"), "application/json");
    const json::value list = json::parse(response.body);
    EXPECT_EQ(list.at("last"), id);
    EXPECT_EQ(list.at("events").at(0).at("text"), "listed");
  }
}

TEST(EventStream, EndsCleanlyAndNoNewOneStarts) {
  AdminFixture admin;
  RawClient chunked = open_stream(admin, observe::last_event_id());
  RawClient plain = open_stream(admin, observe::last_event_id(), "HTTP/1.0");
  admin.on_thread([&] {
    emit("the last one");
    admin.server->end_event_streams();
  });
  const auto rest = chunked.read_to_end();
  EXPECT_THAT(rest.bytes, HasSubstr("the last one"));
  EXPECT_TRUE(rest.bytes.ends_with("\r\n0\r\n\r\n")) << rest.bytes;
  EXPECT_TRUE(plain.read_to_end().bytes.ends_with("\"text\":\"the last one\"}\n\n"));
  RawClient late(admin.port);
  late.send("GET /api/v1/events HTTP/1.1\r\n" + host(admin) + "\r\n");
  EXPECT_EQ(late.read_response().status, 503);
}

TEST(EventStream, TheNumberOfStreamsIsBounded) {
  AdminFixture admin;
  std::vector<RawClient> streams;
  for (std::size_t i = 0; i < EventStreams::streams_max; ++i)
    streams.push_back(open_stream(admin, observe::last_event_id()));
  RawClient client(admin.port);
  client.send("GET /api/v1/events HTTP/1.1\r\n" + host(admin) + "\r\n");
  const Response refused = client.read_response();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("as many event streams as there may be"));
  client.send("GET /api/v1/events?format=json HTTP/1.1\r\n" + host(admin) + "\r\n");
  EXPECT_EQ(client.read_response().status, 200) << "on the same connection";
  streams.pop_back();  // a client that leaves is noticed without a heartbeat
  testing::eventually("its place is free", [&] {
    return admin.on_thread([&] { return admin.server->event_streams(); }) < EventStreams::streams_max;
  });
  open_stream(admin, observe::last_event_id());
}

TEST(EventStream, TheServerMayGoWhileStreamsAreOpen) {
  std::vector<RawClient> streams;
  {
    AdminFixture admin;
    for (int i = 0; i < 3; ++i) streams.push_back(open_stream(admin, observe::last_event_id()));
  }
  emit("no listener");
  for (RawClient& stream : streams) stream.read_to_end();
}

TEST(EventsCommand, ListsAndFollows) {
  AdminFixture admin;
  emit("from before");
  const AdminTarget target{admin.address(), ""};
  std::ostringstream out, err;
  EXPECT_EQ(show_events(target, false, false, out, err), ClientOutcome::done) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("info  from before\n"));
  std::ostringstream followed;
  std::thread follower([&] { show_events(target, true, true, followed, err); });
  testing::eventually("it follows",
                      [&] { return admin.on_thread([&] { return admin.server->event_streams(); }) == 1; });
  admin.on_thread([&] {
    emit("while it follows");
    admin.server->end_event_streams();
  });
  follower.join();
  EXPECT_THAT(followed.str(), HasSubstr("\"text\":\"while it follows\"}\n"));
}

TEST(EventsCommand, NothingListens) {
  std::ostringstream out, err;
  EXPECT_EQ(show_events({"127.0.0.1:1", ""}, true, false, out, err), ClientOutcome::unreachable);
  EXPECT_EQ(show_events({"127.0.0.1:1", ""}, false, false, out, err), ClientOutcome::unreachable);
  EXPECT_EQ(show_events({"nonsense", ""}, true, false, out, err), ClientOutcome::unreachable);
}

}  // namespace
}  // namespace weir::control
