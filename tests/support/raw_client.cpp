#include "support/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <utility>

namespace weir::testing {
namespace {

ConnectOptions to_port(std::uint16_t port) {
  ConnectOptions options;
  options.port = port;
  return options;
}

}  // namespace

RawClient::RawClient(std::uint16_t port) : RawClient(to_port(port)) {}

RawClient::RawClient(const ConnectOptions& options)
    : stream_(std::make_unique<ByteStream>(connect_tcp(options, Deadline()))),
      reader_(std::make_unique<MessageReader>(*stream_)) {}

RawClient::RawClient(const ConnectOptions& options, const TlsClientOptions& tls) : RawClient(options) {
  stream_->start_tls(make_client_ssl(make_client_context(tls), tls), Deadline());
}

RawClient::RawClient(std::uint16_t port, const TlsClientOptions& tls) : RawClient(to_port(port), tls) {}

bool RawClient::send(std::string_view bytes) {
  return stream_->write_all(bytes);
}

bool RawClient::send_bytewise(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!send(bytes.substr(i, 1))) return false;
  }
  return true;
}

void RawClient::send_get(const std::string& path, std::string_view extra_fields) {
  send("GET " + path + " HTTP/1.1\r\nHost: example.test\r\n" + std::string(extra_fields) + "\r\n");
}

Response RawClient::get(const std::string& path, std::string_view extra_fields) {
  send_get(path, extra_fields);
  return read_response();
}

Response RawClient::exchange(const std::string& method, const std::string& path, std::string_view body,
                             std::string_view extra_fields) {
  send(method + " " + path + " HTTP/1.1\r\nHost: example.test\r\nContent-Length: " +
       std::to_string(body.size()) + "\r\n" + std::string(extra_fields) + "\r\n" + std::string(body));
  return read_response(method);
}

Response RawClient::read_response(std::string_view method, const Deadline& deadline) {
  return reader_->read_response(method, deadline);
}

Response RawClient::read_head(const Deadline& deadline) {
  return reader_->read_response_head(deadline);
}

void RawClient::read_body(Response& response, const Deadline& deadline) {
  reader_->read_body(response, true, deadline);
}

std::string RawClient::read_until(std::string_view end, const Deadline& deadline) {
  std::optional<std::string> taken = reader_->take_until(end, deadline);
  if (taken) return *std::move(taken);
  throw TestFailure("\"" + std::string(end) + "\" did not come (" + to_string(reader_->last_event()) +
                    "); received: \"" + reader_->buffer() + "\"");
}

std::string RawClient::read_exactly(std::size_t count, const Deadline& deadline) {
  std::string taken = reader_->take(count, deadline);
  if (taken.size() == count) return taken;
  throw TestFailure("only " + std::to_string(taken.size()) + " of " + std::to_string(count) +
                    " bytes came (" + to_string(reader_->last_event()) + ")");
}

RawClient::Rest RawClient::read_to_end(const Deadline& deadline) {
  Rest rest{reader_->take_to_end(deadline), reader_->last_event()};
  if (rest.event == StreamEvent::end || rest.event == StreamEvent::reset) return rest;
  throw TestFailure("the connection was not closed; received: \"" + rest.bytes.substr(0, 4096) + "\"");
}

bool RawClient::stays_silent_for(std::chrono::milliseconds time) {
  return reader_->buffer().empty() && reader_->fill(Deadline(time)) == StreamEvent::timeout;
}

std::uint16_t RawClient::local_port() const {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(stream_->fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

std::string RawClient::tls_version() const {
  return SSL_get_version(stream_->ssl());
}

std::string RawClient::tls_cipher() const {
  return SSL_get_cipher_name(stream_->ssl());
}

std::string RawClient::alpn() const {
  const unsigned char* data = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(stream_->ssl(), &data, &size);
  return std::string(data, data + size);
}

bool RawClient::session_reused() const {
  return SSL_session_reused(stream_->ssl()) == 1;
}

std::string RawClient::peer_name() const {
  const X509* certificate = SSL_get0_peer_certificate(stream_->ssl());
  if (!certificate) return "";
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
  return name;
}

}  // namespace weir::testing
