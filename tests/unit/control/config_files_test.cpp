// Which files a configuration was read from, and which of them changed.
#include "control/config_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;

class ConfigFilesTest : public testing::Test {
 protected:
  ConfigFilesTest() {
    around_.environment = [](const std::string&) { return std::nullopt; };
    around_.environment_all = [] { return std::vector<std::pair<std::string, std::string>>{}; };
    around_.read_file = [this](const std::string& path) -> std::variant<std::string, config::FileError> {
      const auto found = files_.find(path);
      if (found == files_.end()) return config::FileError{"No such file or directory", true};
      return found->second;
    };
    around_.check_certificate = [](const config::CertificatePair&) { return std::nullopt; };
    around_.check_ca = [](const std::string&) { return std::nullopt; };
  }

  FileDigests load() {
    FileDigests read;
    loaded_ = std::holds_alternative<config::Config>(config::load({"weir.yaml"}, recording(around_, read)));
    return read;
  }

  std::map<std::string, std::string> files_{
      {"weir.yaml",
       "listeners: { https: { address: 127.0.0.1:1, tls: { certificates: [{ cert: a.crt, key: a.key }],\n"
       "  client_auth: { mode: required, ca: clients.crt } } } }\n"
       "upstreams: { app: { endpoints: [127.0.0.1:2], tls: { ca: ca.crt } } }\n"
       "routes: [{ name: all, respond: { body_file: body.html } }]\n"},
      {"a.crt", "1"},
      {"a.key", "2"},
      {"clients.crt", "3"},
      {"ca.crt", "4"},
      {"body.html", "5"}};
  config::Surroundings around_;
  bool loaded_ = false;
};

TEST_F(ConfigFilesTest, EveryFileThatWasAskedForIsKnown) {
  const FileDigests read = load();
  EXPECT_TRUE(loaded_);
  EXPECT_THAT(read, ElementsAre(Key("a.crt"), Key("a.key"), Key("body.html"), Key("ca.crt"),
                                Key("clients.crt"), Key("weir.yaml")));
  EXPECT_THAT(changed_files(read, read_again(read, around_)), IsEmpty());
}

TEST_F(ConfigFilesTest, AnotherContentIsAChangeAndTheSameIsNone) {
  const FileDigests read = load();
  files_["a.key"] = "other";
  files_["unknown.txt"] = "x";
  EXPECT_THAT(changed_files(read, read_again(read, around_)), ElementsAre("a.key"));
  files_["a.key"] = "2";
  EXPECT_THAT(changed_files(read, read_again(read, around_)), IsEmpty());
}

TEST_F(ConfigFilesTest, AFileThatIsMissingIsWaitedFor) {
  files_.erase("body.html");
  const FileDigests read = load();
  EXPECT_FALSE(loaded_);
  EXPECT_EQ(read.at("body.html"), "");
  files_["body.html"] = "";
  EXPECT_THAT(changed_files(read, read_again(read, around_)), ElementsAre("body.html"))
      << "empty is not missing";
  files_.erase("a.crt");
  EXPECT_THAT(changed_files(read, read_again(read, around_)), ElementsAre("a.crt", "body.html"));
}

TEST_F(ConfigFilesTest, WhatOnlyOneOfThemHas) {
  EXPECT_THAT(changed_files({{"a", "1"}, {"b", "2"}}, {{"b", "2"}, {"c", "3"}}), ElementsAre("c"));
}

}  // namespace
}  // namespace weir::control
