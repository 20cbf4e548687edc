#include "server/connect_error.hpp"

namespace weir::server {

Error connect_error(io::IoStatus status, bool total_timeout) {
  switch (status) {
    case io::IoStatus::refused:
      return upstream_error(ErrorKind::connect_refused, "connection refused");
    case io::IoStatus::timeout:
      if (total_timeout) return upstream_error(ErrorKind::total_timeout, "timeouts.total is over");
      return upstream_error(ErrorKind::connect_timeout, "no connection in time");
    case io::IoStatus::tls_certificate:
      return upstream_error(ErrorKind::tls_certificate, "the endpoint's certificate is not trusted");
    case io::IoStatus::tls_failed:
      return upstream_error(ErrorKind::tls_failed, "TLS handshake failed");
    case io::IoStatus::peer_gone:
      return client_error(ErrorKind::client_gone, "the client left");
    case io::IoStatus::shutdown:
      return self_error(ErrorKind::draining, "shutting down");
    case io::IoStatus::exhausted:
      return self_error(ErrorKind::out_of_resources, "out of descriptors or ports");
    default:
      return upstream_error(ErrorKind::connect_failed, "no connection");
  }
}

}  // namespace weir::server
