// Configurations and log lines of a replay under test.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "config/world.hpp"

namespace weir::replay {

/// The configuration of that YAML, with one listener, three upstreams and no more.
inline config::Config config_of(const std::string& more) {
  const config::LoadResult loaded = config::testing::load_text(R"(
listeners: { http: { address: 127.0.0.1:8080 } }
upstreams:
  blue: { endpoints: [127.0.0.1:9001] }
  green: { endpoints: [127.0.0.1:9002] }
  grey: { endpoints: [127.0.0.1:9003] }
)" + more);
  EXPECT_TRUE(std::holds_alternative<config::Config>(loaded)) << config::testing::problems_of(loaded);
  const auto* config = std::get_if<config::Config>(&loaded);
  return config != nullptr ? *config : config::Config{};
}

/// A line as Weir writes it, with `members` over those of a usual GET.
inline std::string log_line(const boost::json::object& members = {}) {
  boost::json::object line{{"ts", "2026-01-31T10:00:00.000Z"},
                           {"request_id", "0191"},
                           {"listener", "http"},
                           {"client_ip", "192.0.2.7"},
                           {"client_port", 40000},
                           {"protocol", "HTTP/1.1"},
                           {"method", "GET"},
                           {"host", "a.test"},
                           {"path", "/"},
                           {"status", 200}};
  for (const auto& [key, value] : members) {
    if (value.is_null()) {
      line.erase(key);
    } else {
      line[key] = value;
    }
  }
  return boost::json::serialize(line);
}

}  // namespace weir::replay
