// Keys: pages, rows, filters, and changes that are confirmed with a reason.
#include "top/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/top/fixture.hpp"

namespace weir::top {
namespace {

using ::testing::HasSubstr;

/// A person at the terminal.
class Person {
 public:
  std::optional<Action> press(Key key) { return send({key}); }
  std::optional<Action> type(const std::string& text) {
    std::optional<Action> action;
    for (const char byte : text) action = send({Key::character, std::string(1, byte)});
    return action;
  }
  Screen screen() {
    return render(model, state, {.is_live = true, .age_seconds = 0, .problem = {}}, {}, false);
  }
  std::string last_line() { return text_of(screen().lines.back()); }

  Model model = sample_model();
  State state;

 private:
  std::optional<Action> send(const Press& pressed) {
    return top::press(state, screen(), model, pressed, "ann@ops");
  }
};

TEST(TopKeys, Pages) {
  Person person;
  person.type("3");
  EXPECT_EQ(person.state.page, Page::routes);
  person.press(Key::tab);
  EXPECT_EQ(person.state.page, Page::rollouts);
  person.type("1");
  person.press(Key::back_tab);
  EXPECT_EQ(person.state.page, Page::workers);
  person.press(Key::tab);
  EXPECT_EQ(person.state.page, Page::overview);
  person.type("?");
  EXPECT_THAT(text_of(person.screen().lines[3]), HasSubstr("pages"));
  person.type("q");
  EXPECT_TRUE(person.state.is_ending);
}

TEST(TopKeys, RowsMoveWithinTheirBounds) {
  Person person;
  person.type("2");
  person.press(Key::up);
  EXPECT_EQ(person.state.selected, "upstream:blue");
  person.press(Key::down);
  EXPECT_EQ(person.state.selected, "endpoint:blue/10.0.0.1:80");
  person.press(Key::end);
  EXPECT_EQ(person.state.selected, "endpoint:green/10.0.1.1:80");
  person.press(Key::page_down);
  EXPECT_EQ(person.state.selected, "endpoint:green/10.0.1.1:80");
  person.press(Key::home);
  EXPECT_EQ(person.state.selected, "upstream:blue");
}

TEST(TopKeys, DrainAsksForAReason) {
  Person person;
  person.type("2");
  person.press(Key::down);
  person.press(Key::drain);
  EXPECT_EQ(person.last_line(), "Drain blue/10.0.0.1:80. Reason: _");
  EXPECT_FALSE(person.type("qq 'disk'").has_value()) << "letters are text now";
  person.press(Key::backspace);
  const auto action = person.press(Key::enter);
  ASSERT_TRUE(action.has_value());
  EXPECT_EQ(action->path, "/api/v1/upstreams/blue/endpoints/10.0.0.1:80");
  EXPECT_EQ(action->body, R"({"state":"drain","who":"ann@ops","reason":"qq 'disk"})");
  EXPECT_EQ(action->command, R"(weir endpoint drain blue 10.0.0.1:80 --reason 'qq '\''disk')");
  EXPECT_FALSE(person.state.prompt.has_value());
}

TEST(TopKeys, EscapeChangesNothing) {
  Person person;
  person.type("2");
  person.press(Key::down);
  person.press(Key::enable);
  EXPECT_THAT(person.last_line(), HasSubstr("Enable blue/10.0.0.1:80"));
  EXPECT_FALSE(person.press(Key::escape).has_value());
  EXPECT_FALSE(person.press(Key::enter).has_value());
}

TEST(TopKeys, OnlyAnEndpointCanBeDrained) {
  Person person;
  person.type("2d");
  EXPECT_FALSE(person.state.prompt.has_value());
  EXPECT_EQ(person.last_line(), "Choose an endpoint on page 2 first.");
}

TEST(TopKeys, WeightsOfASplitMoveInSteps) {
  Person person;
  person.type("3");
  person.press(Key::end);
  EXPECT_EQ(person.screen().selected, "target:api/green");
  person.type("+");
  EXPECT_THAT(person.last_line(), HasSubstr("api: green from 10 % to 15 %"));
  person.press(Key::up);
  person.press(Key::up);
  person.press(Key::down);
  EXPECT_THAT(person.last_line(), HasSubstr("to 16 %"));
  const auto action = person.press(Key::enter);
  ASSERT_TRUE(action.has_value());
  EXPECT_EQ(action->path, "/api/v1/routes/api/split");
  EXPECT_EQ(action->body,
            R"({"weights":{"blue":840,"green":160},"generation":"94508a74-7","who":"ann@ops"})");
  EXPECT_EQ(action->command, "weir split set api blue=840 green=160");
}

TEST(TopKeys, WeightsAfterAChangeSumToTheWhole) {
  const auto after = [](std::vector<std::pair<std::string, double>> shares, std::string target,
                        double share) {
    std::vector<unsigned> weights;
    unsigned sum = 0;
    for (const auto& [name, weight] : weights_after({.route = "r",
                                      .target = std::move(target),
                                      .tag = "",
                                      .shares = std::move(shares),
                                      .share = share})) {
      weights.push_back(weight);
      sum += weight;
    }
    EXPECT_EQ(sum, 1000u);
    return weights;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(after({{"a", 0.5}, {"b", 0.3}, {"c", 0.2}}, "a", 0.6), ElementsAre(600, 240, 160));
  EXPECT_THAT(after({{"a", 1}, {"b", 0}, {"c", 0}}, "a", 0.9), ElementsAre(900, 50, 50))
      << "nothing to go by";
  EXPECT_THAT(after({{"a", 0.333}, {"b", 0.333}, {"c", 0.334}}, "c", 1), ElementsAre(0, 0, 1000));
  EXPECT_THAT(after({{"a", 0.9}, {"b", 0.1}}, "b", 0), ElementsAre(1000, 0));
}

TEST(TopKeys, FilterSortAndPin) {
  Person person;
  person.type("2/green");
  EXPECT_THAT(person.last_line(), HasSubstr("Filter: green"));
  EXPECT_EQ(person.screen().ids.size(), 2u) << "at once, while it is typed";
  person.press(Key::enter);
  EXPECT_EQ(person.state.filter, "green");
  person.press(Key::escape);
  EXPECT_EQ(person.state.filter, "");
  person.press(Key::end);
  person.type(" ");
  EXPECT_EQ(person.screen().ids.front(), "upstream:green") << "pinned with what it belongs to";
  person.type(" ");
  EXPECT_EQ(person.screen().ids.front(), "upstream:blue");
  person.type("sssss");
  EXPECT_EQ(person.state.order.column, 5u);
  EXPECT_EQ(person.screen().ids.front(), "upstream:green") << "by failed requests";
}

TEST(TopKeys, PromptsAreBounded) {
  Person person;
  person.type("2");
  person.press(Key::down);
  person.type("d" + std::string(1000, 'x'));
  EXPECT_EQ(person.state.prompt->text.size(), 200u);
}

}  // namespace
}  // namespace weir::top
