// Which events a request asks for, and what they look like.
#include "admin/event_text.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cli/event_client.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

observe::Event ejection() {
  observe::Event event;
  event.id = 7;
  event.ts = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'500));
  event.level = config::LogLevel::warn;
  event.kind = "ejected";
  event.upstream = "blue";
  event.endpoint = "127.0.0.1:9001";
  event.text = "ejected \"blue\"\nnext";
  return event;
}

TEST(EventsAsked, ByQueryByFieldOrNothing) {
  EXPECT_EQ(events_asked("/api/v1/events").after, 0u);
  EXPECT_FALSE(events_asked("/api/v1/events").json);
  EXPECT_EQ(events_asked("/api/v1/events?after=12").after, 12u);
  EXPECT_EQ(events_asked("/api/v1/events?x=1&after=12&y").after, 12u);
  EXPECT_EQ(events_asked("/api/v1/events?after=12", "", "30").after, 12u) << "the query wins";
  EXPECT_EQ(events_asked("/api/v1/events", "", "30").after, 30u);
  for (const char* wrong :
       {"after=", "after=-1", "after=x", "after=1x", "after=99999999999999999999", "afte=3"})
    EXPECT_EQ(events_asked(std::string("/api/v1/events?") + wrong).after, 0u) << wrong;
}

TEST(EventsAsked, AsAListWhereTheClientWantsJson) {
  EXPECT_TRUE(events_asked("/api/v1/events?format=json").json);
  EXPECT_TRUE(events_asked("/api/v1/events", "application/json").json);
  EXPECT_FALSE(events_asked("/api/v1/events", "*/*").json);
  EXPECT_FALSE(events_asked("/api/v1/events", "text/event-stream").json);
  EXPECT_FALSE(events_asked("/api/v1/events", "application/json, text/event-stream").json);
  EXPECT_TRUE(events_asked("/api/v1/events?format=json", "text/event-stream").json);
}

constexpr const char* ejection_json =
    R"({"id":7,"ts":"2023-11-14T22:13:20.500Z","level":"warn","kind":"ejected","upstream":"blue",)"
    R"("endpoint":"127.0.0.1:9001","text":"ejected \"blue\"\nnext"})";

TEST(EventText, AsJson) {
  EXPECT_EQ(to_json({ejection()}), std::string(R"({"events":[)") + ejection_json + R"(],"last":7})");
  observe::Event general = ejection();
  general.upstream.clear();
  general.endpoint.clear();
  const json::value shown = json::parse(to_json({ejection(), general})).at("events").at(1);
  EXPECT_FALSE(shown.as_object().contains("upstream"));
  EXPECT_FALSE(shown.as_object().contains("endpoint"));
}

TEST(EventText, AsServerSentEvent) {
  EXPECT_EQ(to_sse(ejection()), std::string("id: 7\nevent: ejected\ndata: ") + ejection_json + "\n\n");
  EXPECT_EQ(gap_sse(3), "event: gap\ndata: {\"missed\":3}\n\n");
}

TEST(EventText, KeptOnesAfterAnId) {
  observe::emit(ejection());
  observe::emit(ejection());
  const std::uint64_t last = observe::last_event_id();
  EXPECT_EQ(kept_events(last - 1).size(), 1u);
  EXPECT_EQ(kept_events(last).size(), 0u);
  EXPECT_EQ(kept_events(last + 1000).size(), kept_events(0).size()) << "an id of an earlier process";
  EXPECT_EQ(json::parse(to_json(kept_events(last))).at("last"), last);
}

TEST(EventLine, IsForPeople) {
  EXPECT_EQ(event_line(R"({"ts":"2026-01-31T12:00:00.000Z","level":"warn","text":"ejected blue/x"})"),
            "2026-01-31T12:00:00.000Z warn  ejected blue/x");
  EXPECT_EQ(event_line(R"({"missed":4})"), "(4 events are not kept any more)");
  for (const char* nothing : {"", "[]", "{}", "{\"text\":3}", "not json"}) EXPECT_EQ(event_line(nothing), "");
}

}  // namespace
}  // namespace weir::control
