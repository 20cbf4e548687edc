#include "core/error.hpp"

#include <array>
#include <stdexcept>

namespace weir {
namespace {

constexpr std::array<ErrorFacts, static_cast<std::size_t>(ErrorKind::internal) + 1> table{{
    {"malformed_request", 400, "http_request_error"},
    {"unsupported_coding", 501, "http_request_error"},
    {"unsupported_version", 505, "http_request_error"},
    {"unsupported_protocol", 501, "http_request_error"},
    {"method_refused", 405, "http_request_denied"},
    {"expectation_failed", 417, "http_request_error"},
    {"head_too_large", 431, "http_request_error"},
    {"uri_too_long", 414, "http_request_error"},
    {"body_too_large", 413, "http_request_error"},
    {"head_timeout", 408, "http_request_error"},
    {"body_timeout", 408, "http_request_error"},
    {"client_gone", 499, "http_request_error"},
    {"client_stalled", 499, "http_request_error"},
    {"client_too_slow", 499, "http_request_error"},
    {"loop_detected", 508, "proxy_loop_detected"},
    {"no_route", 404, "destination_not_found"},
    {"access_denied", 403, "http_request_denied"},
    {"max_in_flight", 503, "connection_limit_reached"},
    {"rate_limited", 429, "http_request_denied"},
    {"no_endpoint", 503, "destination_unavailable"},
    {"name_unresolved", 503, "dns_error"},
    {"max_requests", 503, "connection_limit_reached"},
    {"endpoint_busy", 503, "connection_limit_reached"},
    {"queue_full", 503, "connection_limit_reached"},
    {"queue_timeout", 503, "connection_limit_reached"},
    {"pause_queue_full", 503, "connection_limit_reached"},
    {"connect_refused", 502, "connection_refused"},
    {"connect_failed", 502, "destination_ip_unroutable"},
    {"connect_timeout", 504, "connection_timeout"},
    {"tls_failed", 502, "tls_protocol_error"},
    {"tls_certificate", 502, "tls_certificate_error"},
    {"upstream_reset", 502, "connection_terminated"},
    {"unprocessed", 503, "connection_terminated"},
    {"upstream_send_timeout", 504, "connection_write_timeout"},
    {"response_timeout", 504, "http_response_timeout"},
    {"response_malformed", 502, "http_protocol_error"},
    {"response_head_too_large", 502, "http_response_header_section_size"},
    {"response_incomplete", 502, "http_response_incomplete"},
    {"total_timeout", 504, "http_response_timeout"},
    {"out_of_resources", 503, "proxy_internal_error"},
    {"draining", 503, "connection_limit_reached"},
    {"internal", 500, "proxy_internal_error"},
}};

}  // namespace

const ErrorFacts& facts(ErrorKind kind) {
  return table[static_cast<std::size_t>(kind)];
}

Error client_error(ErrorKind kind, std::string detail) {
  return {kind, Origin::client, std::move(detail)};
}

Error upstream_error(ErrorKind kind, std::string detail) {
  return {kind, Origin::upstream, std::move(detail)};
}

Error self_error(ErrorKind kind, std::string detail) {
  return {kind, Origin::self, std::move(detail)};
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("value() of a failed result: " + error.detail);
}

}  // namespace weir
