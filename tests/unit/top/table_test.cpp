// Tables: what gives way where there is no room, and the order of rows.
#include "top/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::top {
namespace {

using ::testing::ElementsAre;

Table sample() {
  Table table({{.title = "NAME", .worth = 100},
               {.title = "REQ/S", .right = true, .worth = 50},
               {.title = "WHY", .worth = 80, .grows = true}});
  table.add({.id = "a", .cells = {{"alpha"}, {"9", Style::plain, 9}, {"a long reason that goes on"}}});
  table.add({.id = "a1", .cells = {{"  one"}, {"2", Style::plain, 2}, {"first"}}, .belongs = true});
  table.add({.id = "b", .cells = {{"beta"}, {"10", Style::plain, 10}, {"short"}}});
  return table;
}

std::vector<std::string> texts(const std::vector<Line>& lines) {
  std::vector<std::string> all;
  for (const Line& line : lines) all.push_back(text_of(line));
  return all;
}

std::vector<std::string> ids(const Table& table) {
  std::vector<std::string> all;
  for (const Row& row : table.rows()) all.push_back(row.id);
  return all;
}

TEST(TopTable, ColumnsAreAsWideAsTheyNeed) {
  EXPECT_THAT(texts(sample().lines(80, "", {})),
              ElementsAre("NAME   REQ/S  WHY",                         //
                          "alpha      9  a long reason that goes on",  //
                          "  one      2  first",                       //
                          "beta      10  short"));
}

TEST(TopTable, WhatGrowsIsCutFirst) {
  EXPECT_THAT(texts(sample().lines(34, "", {})),
              ElementsAre("NAME   REQ/S  WHY",                   //
                          "alpha      9  a long reason that ~",  //
                          "  one      2  first",                 //
                          "beta      10  short"));
}

TEST(TopTable, ThenTheLeastImportantColumnGoes) {
  EXPECT_THAT(texts(sample().lines(22, "", {})),
              ElementsAre("NAME   WHY",              //
                          "alpha  a long reason ~",  //
                          "  one  first",            //
                          "beta   short"));
  for (std::size_t columns = 1; columns < 60; ++columns) {
    for (const Line& line : sample().lines(columns, "", {})) EXPECT_LE(columns_of(line), columns);
  }
}

TEST(TopTable, SortsWhatBelongsTogether) {
  Table table = sample();
  table.sort({.column = 2, .descending = true});
  EXPECT_THAT(ids(table), ElementsAre("b", "a", "a1"));
  table.sort({.column = 1, .descending = false});
  EXPECT_THAT(ids(table), ElementsAre("a", "a1", "b"));
  table.sort({.column = 9, .descending = false});
  EXPECT_THAT(ids(table), ElementsAre("a", "a1", "b")) << "no such column";
  EXPECT_EQ(text_of(table.lines(80, "", {.column = 2, .descending = true}).front()), "NAME   REQ/S-  WHY");
}

TEST(TopTable, FiltersGroups) {
  Table table = sample();
  table.keep_matching("ONE");
  EXPECT_THAT(ids(table), ElementsAre("a", "a1")) << "upper or lower case, and with what it belongs to";
  table.keep_matching("nowhere");
  EXPECT_TRUE(table.rows().empty());
  EXPECT_EQ(table.lines(80, "", {}).size(), 1u);
}

TEST(TopTable, PinsToTheTop) {
  Table table = sample();
  table.put_first({"b"});
  EXPECT_THAT(ids(table), ElementsAre("b", "a", "a1"));
}

TEST(TopTable, MarksTheSelectedRow) {
  const auto lines = sample().lines(80, "a1", {});
  EXPECT_TRUE(lines[0].heading);
  EXPECT_FALSE(lines[1].selected);
  EXPECT_TRUE(lines[2].selected);
}

}  // namespace
}  // namespace weir::top
