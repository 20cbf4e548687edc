// Server-sent events, cut anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/top_stream.hpp"

namespace weir::control {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view stream =
    "retry: 3000\n\nevent: snapshot\ndata: {\"a\":1}\n\nid: 94508a74-1\r\nevent: event\r\ndata: {}\r\n\r\n: "
    "nothing\n\n"
    "data: one\ndata: two\n\n";

TEST(TopStream, TheSameEventsComeOutWhereverTheBytesAreCut) {
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    EventLines lines;
    std::vector<std::string> seen;
    const auto take = [&](const std::string& kind, const std::string& data) {
      seen.push_back(kind + "|" + data);
    };
    EXPECT_TRUE(lines.read(stream.substr(0, cut), take));
    EXPECT_TRUE(lines.read(stream.substr(cut), take));
    EXPECT_THAT(seen, ElementsAre("snapshot|{\"a\":1}", "event|{}", "message|one\ntwo")) << cut;
    EXPECT_EQ(lines.last_id(), "94508a74-1");
  }
}

TEST(TopStream, AnotherStreamBeginsAnew) {
  EventLines lines;
  std::vector<std::string> seen;
  const auto take = [&](const std::string&, const std::string& data) { seen.push_back(data); };
  lines.read("id: 7\ndata: half", take);
  lines.begin();
  lines.read("data: whole\n\n", take);
  EXPECT_THAT(seen, ElementsAre("whole"));
  EXPECT_EQ(lines.last_id(), "7");
}

}  // namespace
}  // namespace weir::control
