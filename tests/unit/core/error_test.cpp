#include "core/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace weir {
namespace {

struct Row {
  ErrorKind kind;
  const char* name;
  int status;
  const char* proxy_status;
};

// Written out a second time on purpose: these names are what operators alert on.
constexpr Row rows[] = {
    {ErrorKind::malformed_request, "malformed_request", 400, "http_request_error"},
    {ErrorKind::unsupported_coding, "unsupported_coding", 501, "http_request_error"},
    {ErrorKind::unsupported_version, "unsupported_version", 505, "http_request_error"},
    {ErrorKind::unsupported_protocol, "unsupported_protocol", 501, "http_request_error"},
    {ErrorKind::method_refused, "method_refused", 405, "http_request_denied"},
    {ErrorKind::expectation_failed, "expectation_failed", 417, "http_request_error"},
    {ErrorKind::head_too_large, "head_too_large", 431, "http_request_error"},
    {ErrorKind::uri_too_long, "uri_too_long", 414, "http_request_error"},
    {ErrorKind::body_too_large, "body_too_large", 413, "http_request_error"},
    {ErrorKind::head_timeout, "head_timeout", 408, "http_request_error"},
    {ErrorKind::body_timeout, "body_timeout", 408, "http_request_error"},
    {ErrorKind::client_gone, "client_gone", 499, "http_request_error"},
    {ErrorKind::client_stalled, "client_stalled", 499, "http_request_error"},
    {ErrorKind::client_too_slow, "client_too_slow", 499, "http_request_error"},
    {ErrorKind::loop_detected, "loop_detected", 508, "proxy_loop_detected"},
    {ErrorKind::no_route, "no_route", 404, "destination_not_found"},
    {ErrorKind::access_denied, "access_denied", 403, "http_request_denied"},
    {ErrorKind::max_in_flight, "max_in_flight", 503, "connection_limit_reached"},
    {ErrorKind::rate_limited, "rate_limited", 429, "http_request_denied"},
    {ErrorKind::no_endpoint, "no_endpoint", 503, "destination_unavailable"},
    {ErrorKind::name_unresolved, "name_unresolved", 503, "dns_error"},
    {ErrorKind::max_requests, "max_requests", 503, "connection_limit_reached"},
    {ErrorKind::endpoint_busy, "endpoint_busy", 503, "connection_limit_reached"},
    {ErrorKind::queue_full, "queue_full", 503, "connection_limit_reached"},
    {ErrorKind::queue_timeout, "queue_timeout", 503, "connection_limit_reached"},
    {ErrorKind::pause_queue_full, "pause_queue_full", 503, "connection_limit_reached"},
    {ErrorKind::connect_refused, "connect_refused", 502, "connection_refused"},
    {ErrorKind::connect_failed, "connect_failed", 502, "destination_ip_unroutable"},
    {ErrorKind::connect_timeout, "connect_timeout", 504, "connection_timeout"},
    {ErrorKind::tls_failed, "tls_failed", 502, "tls_protocol_error"},
    {ErrorKind::tls_certificate, "tls_certificate", 502, "tls_certificate_error"},
    {ErrorKind::upstream_reset, "upstream_reset", 502, "connection_terminated"},
    {ErrorKind::unprocessed, "unprocessed", 503, "connection_terminated"},
    {ErrorKind::upstream_send_timeout, "upstream_send_timeout", 504, "connection_write_timeout"},
    {ErrorKind::response_timeout, "response_timeout", 504, "http_response_timeout"},
    {ErrorKind::response_malformed, "response_malformed", 502, "http_protocol_error"},
    {ErrorKind::response_head_too_large, "response_head_too_large", 502, "http_response_header_section_size"},
    {ErrorKind::response_incomplete, "response_incomplete", 502, "http_response_incomplete"},
    {ErrorKind::total_timeout, "total_timeout", 504, "http_response_timeout"},
    {ErrorKind::out_of_resources, "out_of_resources", 503, "proxy_internal_error"},
    {ErrorKind::draining, "draining", 503, "connection_limit_reached"},
    {ErrorKind::internal, "internal", 500, "proxy_internal_error"},
};

TEST(Error, EveryKindHasItsFacts) {
  ASSERT_EQ(std::size(rows), static_cast<std::size_t>(ErrorKind::internal) + 1);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const Row& row = rows[i];
    ASSERT_EQ(static_cast<std::size_t>(row.kind), i);
    const ErrorFacts& found = facts(row.kind);
    EXPECT_EQ(found.name, row.name);
    EXPECT_EQ(found.status, row.status) << row.name;
    EXPECT_EQ(found.proxy_status, row.proxy_status) << row.name;
    EXPECT_TRUE(names.insert(found.name).second) << row.name;
  }
}

TEST(Error, ProxyStatusTypesAreRegistered) {
  // RFC 9209 2.3, all of them.
  const std::set<std::string_view> registered{"dns_timeout",
                                              "dns_error",
                                              "destination_not_found",
                                              "destination_unavailable",
                                              "destination_ip_prohibited",
                                              "destination_ip_unroutable",
                                              "connection_refused",
                                              "connection_terminated",
                                              "connection_timeout",
                                              "connection_read_timeout",
                                              "connection_write_timeout",
                                              "connection_limit_reached",
                                              "tls_protocol_error",
                                              "tls_certificate_error",
                                              "tls_alert_received",
                                              "http_request_error",
                                              "http_request_denied",
                                              "http_response_incomplete",
                                              "http_response_header_section_size",
                                              "http_response_header_size",
                                              "http_response_body_size",
                                              "http_response_trailer_section_size",
                                              "http_response_trailer_size",
                                              "http_response_transfer_coding",
                                              "http_response_content_coding",
                                              "http_response_timeout",
                                              "http_upgrade_failed",
                                              "http_protocol_error",
                                              "proxy_internal_response",
                                              "proxy_internal_error",
                                              "proxy_configuration_error",
                                              "proxy_loop_detected"};
  for (const Row& row : rows) EXPECT_TRUE(registered.count(facts(row.kind).proxy_status)) << row.name;
}

TEST(Error, MakersSetTheOrigin) {
  const Error client = client_error(ErrorKind::head_too_large, "42 fields");
  EXPECT_EQ(client.kind, ErrorKind::head_too_large);
  EXPECT_EQ(client.origin, Origin::client);
  EXPECT_EQ(client.detail, "42 fields");

  EXPECT_EQ(upstream_error(ErrorKind::connect_refused, "").origin, Origin::upstream);

  EXPECT_EQ(self_error(ErrorKind::internal, "x").origin, Origin::self);
}

TEST(Error, ResultCarriesEitherAndValueOfAnErrorThrows) {
  const Result<int> good = 3;
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good.value(), 3);
  const Result<int> bad = client_error(ErrorKind::no_route, "nothing matched");
  ASSERT_TRUE(bad.has_error());
  EXPECT_EQ(bad.error().kind, ErrorKind::no_route);
  EXPECT_THROW(static_cast<void>(bad.value()), std::logic_error);
}

}  // namespace
}  // namespace weir
