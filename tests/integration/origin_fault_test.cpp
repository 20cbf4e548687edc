// The faults of weir-origin that bench/faults/run switches on and off.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::StartsWith;

class OriginFault : public ::testing::Test {
 protected:
  RawClient connect() { return RawClient(origin_.port()); }
  int set(const std::string& fault) { return connect().exchange("PUT", "/fault/" + fault, "").status; }
  RawClient::Rest rest_of(const std::string& path) {
    RawClient client = connect();
    client.send_get(path);
    return client.read_to_end();
  }
  std::int64_t requests() {
    return boost::json::parse(connect().get("/stats").body).at("requests").as_int64();
  }

  OriginProcess origin_{"one", "1"};
};

TEST_F(OriginFault, AStatusForEveryPathUntilItIsTakenBack) {
  ASSERT_EQ(set("status/500"), 200);
  for (const char* path : {"/", "/health", "/delay/1", "/status/404"}) {
    EXPECT_EQ(connect().get(path).status, 500) << path;
  }
  ASSERT_EQ(set("none"), 200);
  EXPECT_EQ(connect().get("/").status, 200);
}

TEST_F(OriginFault, APercentageOfTheRequests) {
  ASSERT_EQ(set("status/503?percent=50"), 200);
  RawClient client = connect();
  int bad = 0;
  for (int i = 0; i < 200; ++i) bad += client.get("/").status == 503 ? 1 : 0;
  EXPECT_GT(bad, 60);
  EXPECT_LT(bad, 140);
  ASSERT_EQ(set("status/503?percent=0"), 200);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(OriginFault, Reset) {
  ASSERT_EQ(set("reset"), 200);
  const auto rest = rest_of("/");
  EXPECT_EQ(rest.bytes, "");
  EXPECT_EQ(rest.event, StreamEvent::reset);
}

TEST_F(OriginFault, HalfAndCutEndInTheBody) {
  for (const auto& [fault, event] :
       {std::pair{"half", StreamEvent::end}, std::pair{"cut", StreamEvent::reset}}) {
    ASSERT_EQ(set(fault), 200);
    const auto rest = rest_of("/");
    EXPECT_THAT(rest.bytes, StartsWith("HTTP/1.1 200 OK\r\n")) << fault;
    EXPECT_EQ(rest.bytes.size() - rest.bytes.find("\r\n\r\n") - 4, 500U) << fault;
    EXPECT_EQ(rest.event, event) << fault;
  }
}

TEST_F(OriginFault, Garbage) {
  ASSERT_EQ(set("garbage"), 200);
  EXPECT_EQ(rest_of("/").bytes.find("HTTP/1"), std::string::npos);
}

TEST_F(OriginFault, SlowTakesItsTime) {
  ASSERT_EQ(set("slow/300"), 200);
  RawClient client = connect();
  client.send_get("/");
  EXPECT_TRUE(client.stays_silent_for(50ms));
  EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(OriginFault, CloseEndsAConnectionWhenItIsUsedAgain) {
  ASSERT_EQ(set("close"), 200);
  RawClient client = connect();
  EXPECT_EQ(client.get("/").status, 200);
  client.send_get("/");
  EXPECT_EQ(client.read_to_end().bytes, "");
}

TEST_F(OriginFault, WhatIsNoFaultIsRefused) {
  for (const char* words : {"", "unknown", "status/99", "status/600", "status/", "slow/x", "none/1",
                            "reset?percent=101", "reset?percent=", "reset?x=1"}) {
    EXPECT_EQ(set(words), 404) << words;
  }
  EXPECT_EQ(connect().get("/fault/reset").status, 404) << "only PUT sets one";
  EXPECT_EQ(connect().get("/").status, 200);
}

TEST_F(OriginFault, StatsCountWhatIsNoControl) {
  EXPECT_EQ(requests(), 0);
  connect().get("/");
  ASSERT_EQ(set("reset"), 200);
  rest_of("/");
  EXPECT_EQ(requests(), 2);
}

}  // namespace
}  // namespace weir::testing
