#include "one_worker.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "config/load.hpp"
#include "http2/frame.hpp"
#include "http2/hpack_encoder.hpp"
#include "listen/acceptor.hpp"
#include "observe/log_writer.hpp"

namespace weir::bench {
namespace {

constexpr std::uint32_t connections_max = 64;
constexpr int timeout_s = 10;
constexpr std::uint32_t answers_window = 1u << 30;  // of a client with HTTP/2: more than all of its answers
constexpr int certificate_life_s = 86'400;

SocketAddress loopback(std::uint16_t port) {
  return {*IpAddress::parse("127.0.0.1"), port};
}

void prepare(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const timeval timeout{timeout_s, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

std::size_t content_length(std::string_view head) {
  const std::string text(head);  // which ends with a zero
  const char* const found = ::strcasestr(text.c_str(), "\r\ncontent-length:");
  return found ? std::strtoul(found + std::strlen("\r\ncontent-length:"), nullptr, 10) : 0;
}

/// A head and the body that it announces. Returns the body's size; nothing when the other side has closed.
template <class Receive>
std::optional<std::size_t> read_message(Receive receive, std::string& bytes) {
  bytes.clear();
  std::array<char, 65'536> piece;
  std::size_t head = 0, body = 0;
  while (head == 0 || bytes.size() < head + body) {
    const ssize_t count = receive(piece.data(), piece.size());
    if (count <= 0) return std::nullopt;
    bytes.append(piece.data(), static_cast<std::size_t>(count));
    const std::size_t end = head == 0 ? bytes.find("\r\n\r\n") : std::string::npos;
    if (end == std::string::npos) continue;
    head = end + 4;
    body = content_length(std::string_view(bytes).substr(0, head));
  }
  return body;
}

template <class Send>
bool write_all(Send send, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(bytes);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

/// HEADERS and DATA of stream 0: each request has its own number written over it.
std::string http2_request(const Job& job) {
  std::string block;
  http2::append_field(block, ":method", job.request_bytes > 0 ? "POST" : "GET");
  http2::append_field(block, ":scheme", "http");
  http2::append_field(block, ":path", "/api/v1/items/4711?fields=name,price");
  http2::append_field(block, ":authority", "api.example.com");
  http2::append_field(block, "user-agent", "curl/7.88.1");
  http2::append_field(block, "accept", "application/json");
  const std::uint8_t end = http2::flag::end_stream;
  const bool body = job.request_bytes > 0;
  std::string frames;
  http2::append_frame_header(
      frames, {.length = static_cast<std::uint32_t>(block.size()),
               .type = http2::FrameType::headers,
               .flags = static_cast<std::uint8_t>(http2::flag::end_headers | (body ? 0 : end))});
  frames += block;
  if (!body) return frames;
  http2::append_frame_header(frames, {.length = static_cast<std::uint32_t>(job.request_bytes),
                                      .type = http2::FrameType::data,
                                      .flags = end});
  return frames.append(job.request_bytes, 'x');
}

config::Config configuration(std::uint16_t endpoint, const Job& job, const CertificateFolder& certificate) {
  config::Surroundings surroundings =
      config::real_surroundings([](const config::CertificatePair&) { return std::nullopt; },
                                [](const std::string&) { return std::nullopt; });
  const std::string tls = fmt::format(", tls: {{ certificates: [{{ cert: {}, key: {} }}] }}",
                                      certificate.cert(), certificate.key());
  std::string where = "upstream: app";
  if (job.split != Job::Split::none) {
    where = fmt::format(
        "split: {{ targets: [{{ upstream: app, weight: 19 }}, {{ upstream: next, weight: 1 }}], affinity: {{ "
        "by: {} }} }}",
        job.split == Job::Split::client_rollout ? "client_ip" : "none");
  }
  const std::string text =
      fmt::format(R"(
log: {{ access: {{ enabled: {}, output: /dev/null }} }}
listeners: {{ bench: {{ address: "127.0.0.1:0"{}{} }} }}
upstreams: {{ app: {{ endpoints: ["127.0.0.1:{}"] }}, next: {{ endpoints: ["127.0.0.1:{}"] }} }}
rate_limits: {{ all: {{ key: client_ip, rate: 10000000/s, burst: 10000000 }} }}
routes: [{{ name: all, rate_limits: [all], headers: [security], {} }}]
)",
                  job.log, job.tls ? tls : "", job.http2 ? ", protocols: [http/1.1, h2c]" : "", endpoint,
                  endpoint, where);
  surroundings.environment_all = [] { return std::vector<std::pair<std::string, std::string>>(); };
  surroundings.read_file = [text](const std::string&) -> std::variant<std::string, config::FileError> {
    return text;
  };
  auto loaded = config::load({"bench.yaml"}, surroundings);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    throw std::runtime_error(problems->front().to_string());
  }
  return std::get<config::Config>(std::move(loaded));
}

/// What the process would say of the route while a rollout runs on it.
server::RolloutInForce rollout_of(const Job& job) {
  server::RolloutInForce rollout;
  if (job.split != Job::Split::rollout && job.split != Job::Split::client_rollout) return rollout;
  server::RolloutRuntime runtime;
  runtime.id = runtime.publication = 1;
  runtime.canary = 1;
  runtime.by_client = job.split == Job::Split::client_rollout;
  rollout.runtime = std::make_shared<const server::RolloutRuntime>(runtime);
  return rollout;
}

}  // namespace

Endpoint::Endpoint(std::size_t answer_bytes)
    : answer_(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", answer_bytes,
                          std::string(answer_bytes, 'x'))) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage where{};
  socklen_t size = loopback(0).to_sockaddr(where);
  require(::bind(fd_, reinterpret_cast<const sockaddr*>(&where), size) == 0 && ::listen(fd_, 16) == 0 &&
              ::getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &size) == 0,
          "the endpoint cannot listen");
  port_ = SocketAddress::from_sockaddr(where).port;
  thread_ = std::thread([this] { serve(); });
}

Endpoint::~Endpoint() {
  ::shutdown(fd_, SHUT_RDWR);
  thread_.join();
  ::close(fd_);
}

void Endpoint::serve() {
  std::vector<std::thread> connections;  // which the worker closes
  for (int client = -1; (client = ::accept(fd_, nullptr, nullptr)) >= 0;) {
    connections.emplace_back([this, client] { answer(client); });
  }
  for (std::thread& connection : connections) connection.join();
}

void Endpoint::answer(int client) const {
  std::string request;
  const auto receive = [client](char* data, std::size_t size) { return ::recv(client, data, size, 0); };
  const auto send = [client](std::string_view bytes) {
    return ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  };
  while (read_message(receive, request) && write_all(send, answer_)) {
  }
  ::close(client);
}

CertificateFolder::CertificateFolder() {
  std::string name = std::filesystem::temp_directory_path() / "weir-bench-XXXXXX";
  require(::mkdtemp(name.data()) != nullptr, "no temporary directory");
  path_ = name;
  char curve[] = "P-256";  // EVP_EC_gen is this call with a C cast
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  require(pair && made, "no key");
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), certificate_life_s);
  X509_set_pubkey(made.get(), pair.get());
  X509_NAME* const subject = X509_get_subject_name(made.get());
  const std::string_view host = "localhost";
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host.data()),
                             static_cast<int>(host.size()), -1, 0);
  X509_set_issuer_name(made.get(), subject);
  require(X509_sign(made.get(), pair.get(), EVP_sha256()) > 0, "the certificate cannot be signed");
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  const File cert_file(std::fopen(cert().c_str(), "we"), std::fclose);
  const File key_file(std::fopen(key().c_str(), "we"), std::fclose);
  require(cert_file && key_file && PEM_write_X509(cert_file.get(), made.get()) == 1 &&
              PEM_write_PrivateKey(key_file.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "the certificate cannot be written");
}

CertificateFolder::~CertificateFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

OneWorker::OneWorker(std::uint16_t endpoint, const Job& job) {
  shared_.connections_max = shared_.connections_admitted = shared_.connections_tight = connections_max;
  auto prepared =
      compiler_.prepare(std::make_shared<const config::Config>(configuration(endpoint, job, certificate_)));
  auto socket = listen::open_listener(SocketAddress{*IpAddress::parse("127.0.0.1"), 0}, bound_);
  require(prepared && socket, "the worker cannot start");
  compiler_.commit(*prepared);
  auto snapshot = compiler_.build(
      *prepared, 1, [this](const config::Listener&) { return bound_; },
      [](const std::string&) { return std::vector<upstream::NamedAddress>(); }, {}, Clock::now(),
      [&job](const config::Route&) { return rollout_of(job); });
  if (job.log) snapshot->access_log = std::make_shared<observe::LogWriter>("/dev/null");
  auto items = std::make_shared<std::vector<server::ListenerSocket>>();
  items->push_back({snapshot->listeners.front(), std::move(*socket)});
  worker_.post([this, snapshot, items] { worker_.install(snapshot, std::move(*items)); });
  thread_ = std::thread([this] { worker_.run(); });
}

OneWorker::~OneWorker() {
  worker_.stop();
  thread_.join();
}

Allocations OneWorker::allocations() {
  Allocations found;
  std::atomic<bool> done{false};
  worker_.post([&] {
    found = bench::allocations();
    done = true;
    done.notify_one();
  });
  done.wait(false);
  return found;
}

Client::Client(std::uint16_t port, const Job& job)
    : answer_bytes_(job.answer_bytes),
      streams_(job.http2 ? job.streams : 0),
      fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  request_ = fmt::format(
      "{} /api/v1/items/4711?fields=name,price HTTP/1.1\r\nHost: api.example.com\r\n"
      "User-Agent: curl/7.88.1\r\nAccept: application/json\r\n",
      job.request_bytes > 0 ? "POST" : "GET");
  if (job.request_bytes > 0) request_ += fmt::format("Content-Length: {}\r\n", job.request_bytes);
  request_ += "\r\n" + std::string(job.request_bytes, 'x');
  sockaddr_storage to{};
  const socklen_t size = loopback(port).to_sockaddr(to);
  prepare(fd_);
  require(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), size) == 0, "cannot connect");
  if (job.http2) {
    request_ = http2_request(job);
    std::string opening(http2::client_preface);
    http2::append_frame_header(opening, {.length = 0, .type = http2::FrameType::settings});
    http2::append_window_update(opening, 0, answers_window);
    require(send_all(opening), "cannot begin HTTP/2");
  }
  if (!job.tls) return;
  context_.reset(SSL_CTX_new(TLS_client_method()));
  require(context_ != nullptr, "no TLS");
  ssl_.reset(SSL_new(context_.get()));
  require(ssl_ && SSL_set_fd(ssl_.get(), fd_) == 1 && SSL_connect(ssl_.get()) == 1 &&
              SSL_version(ssl_.get()) == TLS1_3_VERSION,
          "no TLS connection");
}

Client::~Client() {
  ::close(fd_);
}

bool Client::send_all(std::string_view bytes) {
  return write_all(
      [this](std::string_view rest) -> ssize_t {
        if (ssl_) return SSL_write(ssl_.get(), rest.data(), static_cast<int>(rest.size()));
        return ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
      },
      bytes);
}

ssize_t Client::receive(char* data, std::size_t size) {
  if (ssl_) return SSL_read(ssl_.get(), data, static_cast<int>(size));
  return ::recv(fd_, data, size, 0);
}

/// Answers of the other side's SETTINGS and PING are left out: it waits for neither.
bool Client::ask_http2() {
  std::string requests;
  for (std::size_t i = 0; i < streams_; ++i, next_stream_ += 2) {
    for (std::size_t at = 0; at < request_.size();) {
      const http2::FrameHeader frame = http2::read_frame_header(request_.data() + at);
      const std::size_t size = http2::frame_header_bytes + frame.length;
      requests += request_.substr(at, size);
      http2::write_frame_header(requests.data() + requests.size() - size,
                                {frame.length, frame.type, frame.flags, next_stream_});
      at += size;
    }
  }
  if (!send_all(requests)) return false;
  std::size_t body = 0;
  for (std::size_t ended = 0; ended < streams_;) {
    while (received_.size() >= http2::frame_header_bytes) {
      const http2::FrameHeader frame = http2::read_frame_header(received_.data());
      if (received_.size() < http2::frame_header_bytes + frame.length) break;
      if (frame.type == http2::FrameType::goaway || frame.type == http2::FrameType::rst_stream) return false;
      const bool of_stream = frame.type == http2::FrameType::data || frame.type == http2::FrameType::headers;
      if (frame.type == http2::FrameType::data) body += frame.length;
      if (of_stream && frame.has(http2::flag::end_stream)) ++ended;
      received_.erase(0, http2::frame_header_bytes + frame.length);
    }
    if (ended == streams_) break;
    std::array<char, 65'536> piece;
    const ssize_t count = receive(piece.data(), piece.size());
    if (count <= 0) return false;
    received_.append(piece.data(), static_cast<std::size_t>(count));
  }
  return body == answer_bytes_ * streams_;
}

bool Client::ask() {
  if (streams_ > 0) return ask_http2();
  if (!send_all(request_)) return false;
  const auto body =
      read_message([this](char* data, std::size_t size) { return receive(data, size); }, received_);
  return body == answer_bytes_ && received_.starts_with("HTTP/1.1 200 ");
}

}  // namespace weir::bench
