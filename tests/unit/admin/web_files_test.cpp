// The files of the admin page as they are in the binary: small, and with nothing inline or from elsewhere.
#include "admin/web_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <string>

namespace weir::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t bytes_max = 60'000;  // of all files together

std::string text_of(const char* path) {
  const WebFile* const file = find_web_file(path);
  return file == nullptr ? std::string() : std::string(file->bytes);
}

TEST(WebFiles, AreThoseOfTheFolder) {
  for (const WebFile& file : web_files()) {
    const std::string name = file.path == "/" ? "/index.html" : std::string(file.path);
    std::ifstream on_disk(WEIR_SOURCE_DIR "/proxy/admin/web" + name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(on_disk), {}};
    EXPECT_TRUE(text == file.bytes) << name;
  }
  EXPECT_EQ(find_web_file("/")->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(find_web_file("/app.css")->content_type, "text/css; charset=utf-8");
  EXPECT_EQ(find_web_file("/app.js")->content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(find_web_file("/index.html"), nullptr);
}

TEST(WebFiles, AreSmall) {
  std::size_t bytes = 0;
  for (const WebFile& file : web_files()) bytes += file.bytes.size();
  EXPECT_LT(bytes, bytes_max);
}

TEST(WebFiles, HoldNothingInlineAndNothingFromElsewhere) {
  for (const WebFile& file : web_files()) {
    const std::string text(file.bytes);
    EXPECT_THAT(text, Not(HasSubstr("https:"))) << file.path;
    EXPECT_THAT(std::regex_replace(text, std::regex("http://www.w3.org/2000/svg"), ""),
                Not(HasSubstr("http:")))
        << file.path << ": but for the name of SVG";
    for (const char* unsafe : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("})
      EXPECT_THAT(text, Not(HasSubstr(unsafe))) << file.path;
  }
  EXPECT_FALSE(std::regex_search(text_of("/"), std::regex("<style|style=| on[a-z]+=|<script>")));
  EXPECT_THAT(std::string(web_policy), Not(HasSubstr("unsafe")));
}

/// What a module imports, and what the page refers to, is there.
TEST(WebFiles, ReferToOneAnother) {
  const std::regex reference(R"re((?:from "\.|src="|href=")(/[a-z]+\.(?:js|css))")re");
  int references = 0;
  for (const WebFile& file : web_files()) {
    const std::string text(file.bytes);
    for (auto it = std::sregex_iterator(text.begin(), text.end(), reference); it != std::sregex_iterator();
         ++it) {
      EXPECT_NE(find_web_file((*it)[1].str()), nullptr) << file.path << ": " << (*it)[1];
      ++references;
    }
  }
  EXPECT_GE(references, 8);
}

/// Elements that scripts look for by their id are on the page.
TEST(WebFiles, EveryElementThatIsLookedForIsThere) {
  const std::string html = text_of("/"), script = text_of("/app.js") + text_of("/actions.js");
  const std::regex use(R"re((?:byId|getElementById)\("([a-z-]+)"\))re");
  int uses = 0;
  for (auto it = std::sregex_iterator(script.begin(), script.end(), use); it != std::sregex_iterator();
       ++it) {
    EXPECT_THAT(html, HasSubstr("id=\"" + (*it)[1].str() + "\""));
    ++uses;
  }
  EXPECT_GE(uses, 6);
}

}  // namespace
}  // namespace weir::control
