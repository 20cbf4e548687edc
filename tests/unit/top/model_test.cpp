// The model follows the stream: snapshots, merge patches, events; and keeps five minutes.
#include "top/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "unit/top/fixture.hpp"

namespace weir::top {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::Optional;

TEST(TopModel, ASnapshotBringsTheViewAndTheHistory) {
  const Model model = sample_model();
  EXPECT_EQ(number_at(object_at(model.view(), "traffic"), "rps"), 1204.4);
  EXPECT_THAT(model.all().requests,
              ElementsAre(Optional(0.0), Optional(300.0), Optional(600.0), Optional(1200.0)));
  ASSERT_NE(model.upstream("blue"), nullptr);
  EXPECT_THAT(model.upstream("blue")->failed,
              ElementsAre(Optional(0.0), Optional(0.0), Optional(0.0), Optional(0.0)))
      << "a list that was left out holds zeros";
  EXPECT_EQ(model.upstream("red"), nullptr);
}

TEST(TopModel, ATickChangesWhatItNamesAndAddsASecond) {
  Model model = sample_model();
  EXPECT_TRUE(model.take("tick", json::parse(R"({"traffic": {"rps": 7}, "routes": {"admin": null,
    "new": {"place": 2, "rps": 1}}, "rollouts": null})")));
  EXPECT_EQ(number_at(object_at(model.view(), "traffic"), "rps"), 7);
  EXPECT_EQ(number_at(object_at(model.view(), "traffic"), "failed_ps"), 0.25);
  EXPECT_FALSE(model.view().contains("rollouts"));
  EXPECT_EQ(model.all().requests.back(), 7);
  EXPECT_EQ(model.route("admin"), nullptr);
  ASSERT_NE(model.route("new"), nullptr);
  EXPECT_THAT(model.route("new")->requests, ElementsAre(Optional(1.0)));
}

TEST(TopModel, KeepsFiveMinutes) {
  Model model = sample_model();
  for (std::size_t i = 0; i < 2 * Model::history_seconds; ++i) model.take("tick", json::parse("{}"));
  EXPECT_EQ(model.all().requests.size(), Model::history_seconds);
  EXPECT_EQ(model.route("api")->p95_ms.size(), Model::history_seconds);
}

TEST(TopModel, EventsAreBoundedAndGoWithTheProcess) {
  Model model = sample_model();
  for (std::size_t i = 0; i < 2 * Model::events_max; ++i)
    model.take("event", json::parse(R"({"text": "x"})"));
  EXPECT_EQ(model.events().size(), Model::events_max);
  model.take("snapshot", sample_snapshot());
  EXPECT_EQ(model.events().size(), Model::events_max) << "the same process";
  json::value other = sample_snapshot();
  other.at("view").at("process").as_object()["boot"] = "00000000";
  model.take("snapshot", other);
  EXPECT_TRUE(model.events().empty());
}

TEST(TopModel, WhatHasAnotherShapeChangesNothing) {
  Model model = sample_model();
  const json::object before = model.view();
  EXPECT_FALSE(model.take("snapshot", json::parse("[]")));
  EXPECT_FALSE(model.take("snapshot", json::parse("{}")));
  EXPECT_FALSE(model.take("unknown", json::parse("{}")));
  EXPECT_FALSE(model.take("tick", json::parse("3")));
  EXPECT_EQ(model.view(), before);
  EXPECT_FALSE(Model().take("tick", json::parse("{}"))) << "before a snapshot";
}

TEST(TopModel, NumbersThatAreNoneOfThingsAreBounded) {
  Model model = sample_model();
  for (const char* seconds : {"-1e300", "1e300", "1e999", "-1", "0.5"}) {
    const std::string text =
        R"({"view":{"routes":{"r":{}}},"history":{"seconds":)" + std::string(seconds) + "}}";
    EXPECT_TRUE(model.take("snapshot", json::parse(text)));
    EXPECT_LE(model.route("r")->requests.size(), Model::history_seconds);
    model.take("gap", json::parse(R"({"missed":)" + std::string(seconds) + "}"));
  }
}

TEST(TopModel, AGapIsAnEvent) {
  Model model;
  model.take("gap", json::parse(R"({"missed": 12})"));
  EXPECT_EQ(text_at(model.events().front(), "text"), "12 events were missed");
}

TEST(TopModel, PatchesAreMergePatches) {
  // RFC 7396 appendix A, those whose target is an object.
  const auto patched = [](std::string_view target, std::string_view patch) {
    json::value value = json::parse(target);
    apply_patch(value.as_object(), json::parse(patch).as_object());
    return json::serialize(value);
  };
  EXPECT_EQ(patched(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(patched(R"({"a":"b"})", R"({"b":"c"})"), R"({"a":"b","b":"c"})");
  EXPECT_EQ(patched(R"({"a":"b","b":"c"})", R"({"a":null})"), R"({"b":"c"})");
  EXPECT_EQ(patched(R"({"a":["b"]})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(patched(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
  EXPECT_EQ(patched(R"({"a":[{"b":"c"}]})", R"({"a":[1]})"), R"({"a":[1]})");
  EXPECT_EQ(patched(R"({"e":null})", R"({"a":1})"), R"({"e":null,"a":1})");
  EXPECT_EQ(patched(R"({})", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
}

}  // namespace
}  // namespace weir::top
