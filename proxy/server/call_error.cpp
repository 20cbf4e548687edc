#include "server/call_error.hpp"

#include "http2/frame.hpp"

namespace weir::server {
namespace {

/// What ends every step alike; nothing otherwise.
std::optional<Error> common_error(io::IoStatus status, bool total_timeout) {
  if (status == io::IoStatus::timeout && total_timeout) {
    return upstream_error(ErrorKind::total_timeout, "timeouts.total is over");
  }
  if (status == io::IoStatus::peer_gone) return client_error(ErrorKind::client_gone, "the client left");
  if (status == io::IoStatus::shutdown) return self_error(ErrorKind::draining, "shutting down");
  if (status == io::IoStatus::exhausted) {
    return self_error(ErrorKind::out_of_resources, "out of descriptors, ports or memory");
  }
  if (status == io::IoStatus::unprocessed) {
    return upstream_error(ErrorKind::unprocessed, "the endpoint did not take the request");
  }
  return std::nullopt;
}

}  // namespace

Error connect_error(io::IoStatus status, bool total_timeout) {
  if (auto other = common_error(status, total_timeout)) return *std::move(other);
  switch (status) {
    case io::IoStatus::refused:
      return upstream_error(ErrorKind::connect_refused, "connection refused");
    case io::IoStatus::timeout:
      return upstream_error(ErrorKind::connect_timeout, "no connection in time");
    case io::IoStatus::tls_certificate:
      return upstream_error(ErrorKind::tls_certificate, "the endpoint's certificate is not trusted");
    case io::IoStatus::tls_failed:
      return upstream_error(ErrorKind::tls_failed, "TLS handshake failed");
    default:
      return upstream_error(ErrorKind::connect_failed, "no connection");
  }
}

Error send_error(io::IoStatus status, bool total_timeout) {
  if (auto other = common_error(status, total_timeout)) return *std::move(other);
  if (status == io::IoStatus::timeout) {
    return upstream_error(ErrorKind::upstream_send_timeout, "the endpoint takes no bytes");
  }
  return upstream_error(ErrorKind::upstream_reset, "the endpoint closed the connection");
}

Error receive_error(io::IoStatus status, bool total_timeout) {
  if (auto other = common_error(status, total_timeout)) return *std::move(other);
  switch (status) {
    case io::IoStatus::timeout:
      return upstream_error(ErrorKind::response_timeout, "no response in time");
    case io::IoStatus::tls_failed:
    case io::IoStatus::tls_certificate:
      return upstream_error(ErrorKind::tls_failed, "TLS failed while waiting for the response");
    default:
      return upstream_error(ErrorKind::upstream_reset,
                            "the endpoint closed the connection before a response");
  }
}

std::string reset_text(std::uint32_t code) {
  return "the endpoint reset the stream: " + std::string(http2::error_name(http2::ErrorCode{code}));
}

Error cut_error(std::optional<std::uint32_t> reset_code) {
  return upstream_error(ErrorKind::response_incomplete,
                        reset_code ? reset_text(*reset_code) : std::string("the response ended early"));
}

}  // namespace weir::server
