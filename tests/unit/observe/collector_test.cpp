// The Prometheus text: names, labels, values, and a checker of the format itself.
#include "observe/collector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace weir::observe {
namespace {

using ::testing::HasSubstr;

struct Family {
  std::string type;
  bool help = false;
};

struct Exposition {
  std::map<std::string, Family> families;
  std::map<std::string, double> samples;  // "name{labels}"
};

/// Reads text format 0.0.4 strictly: HELP, then TYPE, then the samples of that family only, none twice.
Exposition read_exposition(const std::string& text) {
  static const std::regex sample(
      R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+))re");
  Exposition result;
  std::string current, line;
  std::istringstream in(text);
  while (std::getline(in, line)) {
    if (line.rfind("# HELP ", 0) == 0) {
      current = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_FALSE(result.families.contains(current)) << "family twice: " << current;
      result.families[current].help = line.size() > 7 + current.size() + 1;
      continue;
    }
    if (line.rfind("# TYPE ", 0) == 0) {
      EXPECT_EQ(line.substr(7, current.size() + 1), current + " ");
      result.families[current].type = line.substr(7 + current.size() + 1);
      continue;
    }
    std::smatch match;
    EXPECT_TRUE(std::regex_match(line, match, sample)) << line;
    if (match.empty()) continue;
    std::string base = match[1];
    if (result.families[current].type == "histogram") {
      base = std::regex_replace(base, std::regex("_(bucket|sum|count)$"), "");
    }
    EXPECT_EQ(base, current) << line;
    const std::string series = match[1].str() + match[2].str();
    EXPECT_TRUE(result.samples.emplace(series, std::stod(match[3])).second) << "series twice: " << series;
  }
  EXPECT_EQ(text.empty() ? '\n' : text.back(), '\n');
  return result;
}

struct Fixture {
  NameTable names;
  WorkerMetrics metrics;
  ScrapeInput input;

  Fixture() {
    const NameId route = names.intern("api"), upstream = names.intern("blue"), http = names.intern("http");
    const NameId endpoint_label = names.intern("127.0.0.1:9001");
    metrics.request_started(route);
    metrics.request_started(route);
    metrics.request_finished(route, upstream, http::Method::get, 200, 0.003);
    metrics.request_started(no_name);
    metrics.request_finished(no_name, no_name, http::Method::other, 0, 0.0);
    auto& listener = metrics.listener(http);
    listener.connections_total = 7;
    listener.active = 2;
    listener.idle = 3;
    listener.refused_total = 1;
    listener.refused_clients = 2;
    listener.old_connections = 39;
    listener.old_tunnels = 40;
    listener.handshakes["ok|TLSv1.3"] = 5;
    listener.handshakes["failed"] = 6;
    listener.http2 = {32, {}, 33, 34, 35};
    listener.http2.closed["client_reset"] = 36;
    listener.http2.closed["protocol_error"] = 37;
    auto& endpoint = metrics.endpoint(upstream, endpoint_label);
    endpoint.responses = {1, 0, 20, 0, 4, 5};
    endpoint.active = 8;
    endpoint.streams = 38;
    endpoint.idle = 9;
    endpoint.duration.observe(0.02);
    endpoint.failures["connect_refused"] = 3;
    endpoint.ejections["consecutive_failures"] = 2;
    endpoint.ejections_held["last_endpoint"] = 7;
    metrics.upstream(upstream) = {10, 11, 12, 37, 16, 17};
    metrics.upstream(upstream).refused_max_requests = 21;
    metrics.upstream(upstream).refused_endpoint_busy = 22;
    metrics.upstream(upstream).queue = {23, 24, 25, 30, 26, 31};
    metrics.upstream(upstream).to_backups = 28;
    metrics.upstream(upstream).to_other_zones = 29;
    metrics.limit(names.intern("logins"), route) = {21, 22};
    input.limits = {{"logins", 23, 24}};
    metrics.refused(route) = {14, 15};
    metrics.access_log_dropped_lines = 100;
    metrics.accept_backoffs = 13;
    metrics.shed(Shed::keep_alive, limit::Bound::memory) = 21;
    metrics.shed(Shed::idle_connection, limit::Bound::descriptors) = 22;
    metrics.log_lines_withheld = 14;
    metrics.shed(Shed::new_connection, limit::Bound::connections) = 23;
    input.overload.pressure = limit::Pressure::shedding;
    input.overload.uses[0] = {3, 4};
    input.version = "1.2.3";
    input.commit = "abcdef";
    input.generation = 4;
    input.config_hash = "0123";
    input.last_reload_success = false;
    input.last_reload = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'500));
    input.endpoints = {{"blue", "127.0.0.1:9001", 3, true}, {"blue", "127.0.0.1:9002", 0, false}};
    input.upstreams = {{"blue", true, 27}, {"green", false, 0}};
    input.certificates = {
        {"https", "localhost", std::chrono::system_clock::time_point(std::chrono::seconds(99))}};
    input.access_log_unwritten_lines = 11;
    input.failure_lines_withheld = 4;
    input.tls_floods = 3;
    input.names = {{"app.internal", 3}, {"ghost.internal", 0}};
    input.lookups = {{"answered", 9}, {"nxdomain", 2}};
    input.process = {1.5, 1e9, 4096, 8192, 10, 1024, 5};
  }
  std::string text() const { return metrics_text(metrics, names, input); }
};

TEST(Collector, EveryPromisedFamilyIsThereWithItsTypeAndHelp) {
  const std::map<std::string, std::string> promised{
      {"http_requests_total", "counter"},
      {"http_request_duration_seconds", "histogram"},
      {"http_requests_in_flight", "gauge"},
      {"weir_connections", "gauge"},
      {"weir_connections_total", "counter"},
      {"weir_connections_refused_total", "counter"},
      {"weir_slow_clients_total", "counter"},
      {"weir_request_discards_total", "counter"},
      {"weir_request_discarded_bytes_total", "counter"},
      {"weir_requests_refused_total", "counter"},
      {"weir_tls_handshakes_total", "counter"},
      {"weir_http2_connections_total", "counter"},
      {"weir_http2_connections_closed_total", "counter"},
      {"weir_http2_streams_rejected_total", "counter"},
      {"weir_http2_streams_delayed_total", "counter"},
      {"weir_http2_streams", "gauge"},
      {"weir_grpc_requests_total", "counter"},
      {"weir_upstream_requests_total", "counter"},
      {"weir_upstream_duration_seconds", "histogram"},
      {"weir_upstream_in_flight", "gauge"},
      {"weir_upstream_connections", "gauge"},
      {"weir_upstream_streams", "gauge"},
      {"weir_upstream_failures_total", "counter"},
      {"weir_upstream_retries_total", "counter"},
      {"weir_upstream_refused_total", "counter"},
      {"weir_queue_total", "counter"},
      {"weir_queue_requests", "gauge"},
      {"weir_backup_requests_total", "counter"},
      {"weir_other_zone_requests_total", "counter"},
      {"weir_split_weight", "gauge"},
      {"weir_split_requests_total", "counter"},
      {"weir_connections_aged_total", "counter"},
      {"weir_rollout_state", "gauge"},
      {"weir_rollout_weight_percent", "gauge"},
      {"weir_rollout_evidence", "gauge"},
      {"weir_rollout_units_total", "counter"},
      {"weir_rollout_slow_units_total", "counter"},
      {"weir_rollout_decisions_total", "counter"},
      {"weir_rollout_units_dropped_total", "counter"},
      {"weir_paused_requests", "gauge"},
      {"weir_pause_requests_total", "counter"},
      {"weir_mirror_requests_total", "counter"},
      {"weir_mirror_grpc_requests_total", "counter"},
      {"weir_endpoint_up", "gauge"},
      {"weir_health_checks_total", "counter"},
      {"weir_health_check_duration_seconds", "gauge"},
      {"weir_health_checks_waiting", "gauge"},
      {"weir_ejections_total", "counter"},
      {"weir_ejections_held_total", "counter"},
      {"weir_upstream_panic", "gauge"},
      {"weir_rate_limited_total", "counter"},
      {"weir_rate_limit_keys", "gauge"},
      {"weir_rate_limit_evictions_total", "counter"},
      {"weir_dns_lookups_total", "counter"},
      {"weir_dns_name_addresses", "gauge"},
      {"weir_overload_shed_total", "counter"},
      {"weir_overload_used_ratio", "gauge"},
      {"weir_overload_state", "gauge"},
      {"weir_config_generation", "gauge"},
      {"weir_config_last_reload_success", "gauge"},
      {"weir_config_last_reload_timestamp_seconds", "gauge"},
      {"weir_reload_guard_total", "counter"},
      {"weir_config_info", "gauge"},
      {"weir_certificate_expiry_seconds", "gauge"},
      {"weir_build_info", "gauge"},
      {"weir_access_log_dropped_lines_total", "counter"},
      {"weir_accept_backoffs_total", "counter"},
      {"process_cpu_seconds_total", "counter"},
      {"process_resident_memory_bytes", "gauge"},
      {"weir_log_lines_withheld_total", "counter"},
      {"weir_tls_floods_total", "counter"},
      {"process_virtual_memory_bytes", "gauge"},
      {"process_open_fds", "gauge"},
      {"process_max_fds", "gauge"},
      {"process_start_time_seconds", "gauge"},
      {"process_threads", "gauge"},
  };
  const Exposition exposition = read_exposition(Fixture().text());
  for (const auto& [name, type] : promised) {
    ASSERT_TRUE(exposition.families.contains(name)) << name;
    EXPECT_EQ(exposition.families.at(name).type, type) << name;
    EXPECT_TRUE(exposition.families.at(name).help) << name;
  }
  EXPECT_EQ(exposition.families.size(), promised.size()) << "a family that is not documented";
}

TEST(Collector, EverySampleHasItsLabelsAndValue) {
  const Exposition exposition = read_exposition(Fixture().text());
  const std::string endpoint = R"({upstream="blue",endpoint="127.0.0.1:9001")";
  const std::map<std::string, double> expected{
      {R"(http_requests_total{route="api",upstream="blue",method="GET",status="200"})", 1},
      {R"(http_requests_total{route="",upstream="",method="OTHER",status="other"})", 1},
      {R"(http_request_duration_seconds_count{route="api",upstream="blue"})", 1},
      {R"(http_request_duration_seconds_sum{route="api",upstream="blue"})", 0.003},
      {R"(http_requests_in_flight{route="api"})", 1},
      {R"(http_requests_in_flight{route=""})", 0},
      {R"(weir_connections{listener="http",state="active"})", 2},
      {R"(weir_connections{listener="http",state="idle"})", 3},
      {R"(weir_connections_total{listener="http"})", 7},
      {R"(weir_dns_name_addresses{name="app.internal"})", 3},
      {R"(weir_dns_name_addresses{name="ghost.internal"})", 0},
      {R"(weir_dns_lookups_total{result="answered"})", 9},
      {R"(weir_dns_lookups_total{result="nxdomain"})", 2},
      {R"(weir_requests_refused_total{route="api",reason="access_denied"})", 14},
      {R"(weir_requests_refused_total{route="api",reason="max_in_flight"})", 15},
      {R"(weir_connections_refused_total{listener="http",reason="max_connections"})", 1},
      {R"(weir_overload_shed_total{reason="memory",what="keep_alive"})", 21},
      {R"(weir_overload_shed_total{reason="descriptors",what="idle_connection"})", 22},
      {R"(weir_overload_shed_total{reason="connections",what="new_connection"})", 23},
      {R"(weir_overload_shed_total{reason="connections",what="keep_alive"})", 0},
      {R"(weir_overload_shed_total{reason="connections",what="idle_connection"})", 0},
      {R"(weir_overload_shed_total{reason="descriptors",what="keep_alive"})", 0},
      {R"(weir_overload_shed_total{reason="descriptors",what="new_connection"})", 0},
      {R"(weir_overload_shed_total{reason="memory",what="idle_connection"})", 0},
      {R"(weir_overload_shed_total{reason="memory",what="new_connection"})", 0},
      {R"(weir_overload_used_ratio{bound="connections"})", 0.75},
      {"weir_overload_state", 2},
      {R"(weir_connections_refused_total{listener="http",reason="connections_per_client"})", 2},
      {R"(weir_connections_aged_total{listener="http",reason="connection_max_age"})", 39},
      {R"(weir_connections_aged_total{listener="http",reason="tunnel_max_age"})", 40},
      {R"(weir_tls_handshakes_total{listener="http",result="ok",version="TLSv1.3"})", 5},
      {R"(weir_tls_handshakes_total{listener="http",result="failed",version=""})", 6},
      {R"(weir_http2_connections_total{listener="http"})", 32},
      {R"(weir_http2_connections_closed_total{listener="http",reason="client_reset"})", 36},
      {R"(weir_http2_connections_closed_total{listener="http",reason="protocol_error"})", 37},
      {R"(weir_http2_streams_rejected_total{listener="http",reason="concurrent_streams"})", 33},
      {R"(weir_http2_streams_rejected_total{listener="http",reason="malformed"})", 34},
      {R"(weir_http2_streams_rejected_total{listener="http",reason="draining"})", 35},
      {"weir_upstream_requests_total" + endpoint + R"(,status="none"})", 1},
      {"weir_upstream_requests_total" + endpoint + R"(,status="2xx"})", 20},
      {"weir_log_lines_withheld_total", 14 + 4},
      {"weir_tls_floods_total", 3},
      {"weir_upstream_requests_total" + endpoint + R"(,status="4xx"})", 4},
      {"weir_upstream_requests_total" + endpoint + R"(,status="5xx"})", 5},
      {"weir_upstream_duration_seconds_count" + endpoint + "}", 1},
      {"weir_upstream_connections" + endpoint + R"(,state="active"})", 8},
      {"weir_upstream_connections" + endpoint + R"(,state="idle"})", 9},
      {"weir_upstream_streams" + endpoint + "}", 38},
      {"weir_upstream_failures_total" + endpoint + R"(,kind="connect_refused"})", 3},
      {"weir_ejections_total" + endpoint + R"(,reason="consecutive_failures"})", 2},
      {"weir_ejections_held_total" + endpoint + R"(,reason="last_endpoint"})", 7},
      {R"(weir_upstream_panic{upstream="blue"})", 1},
      {R"(weir_upstream_panic{upstream="green"})", 0},
      {"weir_upstream_in_flight" + endpoint + "}", 3},
      {"weir_endpoint_up" + endpoint + "}", 1},
      {R"(weir_endpoint_up{upstream="blue",endpoint="127.0.0.1:9002"})", 0},
      {R"(weir_upstream_retries_total{upstream="blue",outcome="succeeded"})", 10},
      {R"(weir_upstream_retries_total{upstream="blue",outcome="failed"})", 11},
      {R"(weir_upstream_retries_total{upstream="blue",outcome="stale"})", 12},
      {R"(weir_upstream_retries_total{upstream="blue",outcome="unprocessed"})", 37},
      {R"(weir_upstream_retries_total{upstream="blue",outcome="budget_exhausted"})", 16},
      {R"(weir_upstream_retries_total{upstream="blue",outcome="no_other_endpoint"})", 17},
      {R"(weir_upstream_refused_total{upstream="blue",reason="max_requests"})", 21},
      {R"(weir_upstream_refused_total{upstream="blue",reason="endpoint_busy"})", 22},
      {R"(weir_queue_total{upstream="blue",outcome="served"})", 23},
      {R"(weir_queue_total{upstream="blue",outcome="timeout"})", 24},
      {R"(weir_queue_total{upstream="blue",outcome="full"})", 25},
      {R"(weir_queue_total{upstream="blue",outcome="shed"})", 30},
      {R"(weir_queue_total{upstream="blue",outcome="left"})", 26},
      {R"(weir_queue_total{upstream="blue",outcome="no_endpoint"})", 31},
      {R"(weir_queue_requests{upstream="blue"})", 27},
      {R"(weir_backup_requests_total{upstream="blue"})", 28},
      {R"(weir_other_zone_requests_total{upstream="blue"})", 29},
      {"weir_config_generation", 4},
      {"weir_config_last_reload_success", 0},
      {"weir_config_last_reload_timestamp_seconds", 1'700'000'000.5},
      {R"(weir_config_info{hash="0123"})", 1},
      {R"(weir_build_info{version="1.2.3",commit="abcdef"})", 1},
      {R"(weir_certificate_expiry_seconds{listener="https",subject="localhost"})", 99},
      {"weir_access_log_dropped_lines_total", 111},
      {"weir_accept_backoffs_total", 13},
      {"process_cpu_seconds_total", 1.5},
      {"process_start_time_seconds", 1e9},
      {"process_resident_memory_bytes", 4096},
      {"process_virtual_memory_bytes", 8192},
      {"process_open_fds", 10},
      {"process_max_fds", 1024},
      {"process_threads", 5},
  };
  for (const auto& [series, value] : expected) {
    ASSERT_TRUE(exposition.samples.contains(series)) << series;
    EXPECT_DOUBLE_EQ(exposition.samples.at(series), value) << series;
  }
}

TEST(Collector, HistogramBucketsAreCumulativeAndEndAtInfinity) {
  Fixture fixture;
  const NameId route = fixture.names.intern("api"), upstream = fixture.names.intern("blue");
  for (const double seconds : {0.0001, 0.3, 100.0}) {
    fixture.metrics.request_finished(route, upstream, http::Method::get, 200, seconds);
  }
  const Exposition exposition = read_exposition(fixture.text());
  const std::string prefix = R"(http_request_duration_seconds_bucket{route="api",upstream="blue",le=")";
  double last = 0;
  std::size_t buckets = 0;
  for (const double bound : duration_bounds) {
    std::ostringstream le;
    le << bound;
    const double count = exposition.samples.at(prefix + le.str() + "\"}");
    EXPECT_GE(count, last);
    last = count;
    ++buckets;
  }
  EXPECT_EQ(last, 3);
  EXPECT_EQ(exposition.samples.at(prefix + "+Inf\"}"), 4);
  EXPECT_EQ(buckets, duration_bounds.size());
}

TEST(Collector, HostileNamesCannotBreakTheFormat) {
  Fixture fixture;
  const NameId route = fixture.names.intern("a\"b\\c\nd");
  fixture.metrics.request_finished(route, no_name, http::Method::get, 200, 0);
  const Exposition exposition = read_exposition(fixture.text());
  EXPECT_TRUE(exposition.samples.contains(
      R"(http_requests_total{route="a\"b\\c\nd",upstream="",method="GET",status="200"})"));
}

TEST(Collector, FactsWithEqualLabelsAreShownOnce) {
  Fixture fixture;
  fixture.input.endpoints = {
      {"u", "app:80", 2, false}, {"u", "app:80", 3, true}, {"u", "other:80", 1, false}};
  const auto at = [](int s) { return std::chrono::system_clock::time_point(std::chrono::seconds(s)); };
  fixture.input.certificates = {{"l", "s", at(50)}, {"l", "s", at(40)}, {"l", "s", at(60)}};
  const Exposition exposition = read_exposition(fixture.text());
  EXPECT_EQ(exposition.samples.at(R"(weir_upstream_in_flight{upstream="u",endpoint="app:80"})"), 5);
  EXPECT_EQ(exposition.samples.at(R"(weir_endpoint_up{upstream="u",endpoint="app:80"})"), 1);
  EXPECT_EQ(exposition.samples.at(R"(weir_endpoint_up{upstream="u",endpoint="other:80"})"), 0);
  EXPECT_EQ(exposition.samples.at(R"(weir_certificate_expiry_seconds{listener="l",subject="s"})"), 40);
}

TEST(Collector, ChecksAreCountedByResult) {
  Fixture fixture;
  fixture.input.checks = {
      {"u", "app:80", 5, 2, 1, 0.25}, {"u", "app:80", 1, 0, 0, 0.125}, {"v", "app:80", 9, 0, 0, 0}};
  fixture.input.checks_waiting = 7;
  const Exposition exposition = read_exposition(fixture.text());
  const auto total = [&](const std::string& upstream, const std::string& result) {
    return exposition.samples.at("weir_health_checks_total{upstream=\"" + upstream +
                                 "\",endpoint=\"app:80\",result=\"" + result + "\"}");
  };
  EXPECT_EQ(total("u", "passed"), 6);
  EXPECT_EQ(total("u", "failed"), 2);
  EXPECT_EQ(total("u", "skipped"), 1);
  EXPECT_EQ(total("v", "passed"), 9);
  EXPECT_EQ(exposition.samples.at(R"(weir_health_check_duration_seconds{upstream="u",endpoint="app:80"})"),
            0.25);
  EXPECT_EQ(exposition.samples.at("weir_health_checks_waiting"), 7);
}

TEST(Collector, LargeCountersKeepTheirDigits) {
  Fixture fixture;
  fixture.metrics.accept_backoffs = 9'007'199'254'740'991;
  EXPECT_THAT(fixture.text(), HasSubstr("weir_accept_backoffs_total 9007199254740991\n"));
}

TEST(Collector, AnEmptyProcessIsStillAValidScrape) {
  const Exposition exposition = read_exposition(metrics_text({}, {}, {}));
  EXPECT_EQ(exposition.samples.at("weir_config_generation"), 0);
}

TEST(ProcessFacts, ReadsItself) {
  EXPECT_GT(read_resident_bytes(), 1024U * 1024);
  EXPECT_GE(count_open_fds(), 3U);
  const ProcessFacts facts = read_process_facts();
  EXPECT_GT(facts.resident_bytes, 1'000'000u);
  EXPECT_GT(facts.virtual_bytes, facts.resident_bytes);
  EXPECT_GE(facts.open_fds, 3u);
  EXPECT_GE(facts.max_fds, facts.open_fds);
  EXPECT_GE(facts.threads, 1u);
  EXPECT_GT(facts.start_time_seconds, 1.5e9);
}

TEST(ProcessFacts, AProcessNameMayHoldAnything) {
  const auto stat = parse_proc_stat(
      "4242 (a) b ) (c) S 1 2 3 4 5 6 7 8 9 10 1400 150 16 17 18 19 12 21 220000 230000 240 "
      "18446744073709551615 1 1\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->user_ticks, 1400u);
  EXPECT_EQ(stat->system_ticks, 150u);
  EXPECT_EQ(stat->threads, 12u);
  EXPECT_EQ(stat->start_ticks, 220000u);
  EXPECT_EQ(stat->virtual_bytes, 230000u);
  EXPECT_EQ(stat->resident_pages, 240u);
}

TEST(ProcessFacts, OddTextIsRefused) {
  for (const char* text :
       {"", "1 (x", "1 (x) S 1 2", "1 (x) S 1 2 3 4 5 6 7 8 9 10 x 12 13 14 15 16 17 18 19 20 21"}) {
    EXPECT_FALSE(parse_proc_stat(text)) << text;
  }
  EXPECT_EQ(parse_boot_time("cpu 1 2 3\nbtime 1700000000\nprocesses 5\n"), 1'700'000'000u);
  EXPECT_EQ(parse_boot_time("cpu 1 2 3\n"), 0u);
}

}  // namespace
}  // namespace weir::observe
