// The whole screen, as a person sees it: golden pages, and that any size holds.
#include "top/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/top/fixture.hpp"

namespace weir::top {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Link live{.is_live = true, .age_seconds = 0, .problem = {}};

State at(Page page) {
  State state;
  state.page = page;
  return state;
}

std::string text_of(const Screen& screen) {
  std::string text;
  for (const Line& line : screen.lines) text += top::text_of(line) + "\n";
  return text;
}

std::string page(Page which, Size size = {.columns = 80, .rows = 0}) {
  return text_of(render(sample_model(), at(which), live, size, false));
}

TEST(TopView, Overview) {
  EXPECT_EQ(page(Page::overview), R"(weir 0.1.0 ready  up 2h 2m  generation 7  workers 2  in flight 34

error    green: no endpoint is usable
note     blue/10.0.0.2:80 is drained

requests/s                                                          _.# 1,204
failed/s                                                                0.2
p95                                                                 +## 12 ms

UPSTREAM  IN USE  REQ/S  FAILED/S    P95
blue      1 of 2  1,084         0  11 ms
green     0 of 1    120       0.2  1.4 s

EVENTS
10:01:59  ejected green/10.0.1.1:80 for 30 s: 3 consecutive failures
)");
}

TEST(TopView, Upstreams) {
  EXPECT_EQ(page(Page::upstreams, {.columns = 120, .rows = 0}),
            R"(weir 0.1.0 ready  up 2h 2m  generation 7  workers 2  in flight 34

ENDPOINT       STATE    WEIGHT  REQ/S  FAILED/S    P95  IN FLIGHT  WHY
blue           1 of 2           1,084         0  11 ms             least connections, http1
  10.0.0.1:80  healthy       1  1,084         0  11 ms         30
  10.0.0.2:80  drain     2>0.5      0         0      -          1  by ann@ops: a new disk
green          0 of 1             120       0.2  1.4 s             round robin, h2c
  10.0.1.1:80  ejected       1    120       0.2  1.4 s          3  3 consecutive failures, tried again 10:02:30
)");
}

TEST(TopView, Routes) {
  EXPECT_EQ(page(Page::routes), R"(weir 0.1.0 ready  up 2h 2m  generation 7  workers 2  in flight 34

ROUTE         TO           SHARE  REQ/S  4XX/S  FAILED/S    P95
admin         respond 404             0      0         0      -
api           split               1,204    2.0       0.2  12 ms
  #########.  blue          90 %
  #.........  green         10 %
)");
}

TEST(TopView, ARouteThatIsPausedSaysSo) {
  Model model = sample_model();
  ASSERT_TRUE(
      model.take("tick", boost::json::parse(R"({"routes":{"api":{"pause":{"waiting":3,"queue":1024}}}})")));
  EXPECT_THAT(text_of(render(model, at(Page::routes), live, {.columns = 80, .rows = 0}, false)),
              HasSubstr("api           paused, 3 of 1,024 wait "));
}

TEST(TopView, Rollouts) {
  EXPECT_EQ(page(Page::rollouts), R"(weir 0.1.0 ready  up 2h 2m  generation 7  workers 2  in flight 34

api  running
  green at 25 % against blue; 5 % > [25 %] > 50 % > 100 %
  SIDE            REQUESTS  FAILED  SHARE    P95
  green (canary)        98       7  7.1 %  20 ms
  blue               1,874       9  0.5 %  18 ms
  worse failures      ################.............. 12 of 100
  worse latency       .............................. 0.4 of 100
  api: green from 5 % to 25 %.

)");
}

TEST(TopView, LimitsEventsAndWorkers) {
  EXPECT_THAT(page(Page::limits), HasSubstr("api    refuse        1.5        0       15  1,200"));
  EXPECT_THAT(page(Page::events), HasSubstr("10:01:59  ejected green"));
  EXPECT_THAT(page(Page::workers),
              HasSubstr("1    404     3,000           14  ###############..............."));
}

TEST(TopView, WhatIsNotThereIsSaid) {
  Model model;
  model.take("snapshot", boost::json::parse(R"({"view": {"at": "x"}, "history": {}})"));
  const auto shown = [&](Page which) { return text_of(render(model, at(which), live, {80, 0}, false)); };
  EXPECT_THAT(shown(Page::overview), HasSubstr("No problems."));
  EXPECT_THAT(shown(Page::rollouts), HasSubstr("No route has a rollout."));
  EXPECT_THAT(shown(Page::limits), HasSubstr("The configuration has no rate limits."));
  EXPECT_THAT(shown(Page::events), HasSubstr("No events."));
}

TEST(TopView, AStaleScreenSaysHowOldItIs) {
  const Link lost{.is_live = false, .age_seconds = 12, .problem = "Connection refused"};
  const Screen screen = render(sample_model(), at(Page::overview), lost, {}, false);
  EXPECT_THAT(top::text_of(screen.lines[0]), HasSubstr("12s OLD: Connection refused"));
}

TEST(TopView, AnySizeHolds) {
  const Model model = sample_model();
  for (std::size_t page_number = 0; page_number < page_names.size(); ++page_number) {
    for (const Size size :
         {Size{80, 24}, Size{200, 50}, Size{20, 5}, Size{1, 1}, Size{40, 3}, Size{300, 100}}) {
      const Screen screen = render(model, at(static_cast<Page>(page_number)), live, size, true);
      EXPECT_EQ(screen.lines.size(), size.rows);
      for (const Line& line : screen.lines) EXPECT_LE(columns_of(line), size.columns);
    }
  }
}

TEST(TopView, TheSelectedRowStaysOnTheScreen) {
  const Model model = sample_model();
  State state = at(Page::upstreams);
  for (const char* const id : {"upstream:blue", "endpoint:blue/10.0.0.2:80", "endpoint:green/10.0.1.1:80"}) {
    state.selected = id;
    const Screen screen = render(model, state, live, {80, 6}, false);
    EXPECT_EQ(screen.selected, id);
    EXPECT_TRUE(std::ranges::any_of(screen.lines, [](const Line& line) { return line.selected; })) << id;
    state.scroll = screen.scroll;
  }
}

TEST(TopView, NamesCannotControlTheTerminal) {
  Model model;
  model.take("snapshot", boost::json::parse(R"({"view": {"at": "x", "upstreams": {"b\u001b[2Jad": {"place": 0,
    "endpoints": {}}}}, "history": {}})"));
  EXPECT_THAT(text_of(render(model, at(Page::upstreams), live, {}, false)), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace weir::top
