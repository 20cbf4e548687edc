// A worker in this program, as `weir run` would start it with `bench/compare`'s configuration of the job `full`; an
// endpoint that answers each request the same; and a client that waits for each answer. Worker and endpoint have a
// thread each, the client is on the caller's. Loopback sockets, nothing of the control thread's. Failures to start
// throw.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "allocations.hpp"
#include "control/compiler.hpp"
#include "server/worker.hpp"

namespace weir::bench {

struct Job {
  bool log = false;               // the access log, to /dev/null
  bool tls = false;               // 1.3, between client and worker
  std::size_t request_bytes = 0;  // of the body; above 0: POST
  std::size_t answer_bytes = 5;   // of the body
  bool http2 = false;             // the client with prior knowledge; not with `tls`
  std::size_t streams = 1;        // of HTTP/2, at a time
  enum class Split { none, split, rollout, client_rollout };
  Split split =
      Split::none;  // 19 to 1 between two upstreams of the endpoint; with a rollout, of requests or clients
};

class Endpoint {
 public:
  explicit Endpoint(std::size_t answer_bytes);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void serve();
  void answer(int client) const;

  const std::string answer_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A directory with cert.pem and key.pem, self-signed for localhost; gone with this.
class CertificateFolder {
 public:
  CertificateFolder();
  ~CertificateFolder();
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;

  std::string cert() const { return path_ + "/cert.pem"; }
  std::string key() const { return path_ + "/key.pem"; }

 private:
  std::string path_;
};

class OneWorker {
 public:
  OneWorker(std::uint16_t endpoint, const Job& job);
  ~OneWorker();
  OneWorker(const OneWorker&) = delete;
  OneWorker& operator=(const OneWorker&) = delete;

  std::uint16_t port() const { return bound_.port; }
  /// Of the worker's thread so far.
  Allocations allocations();

 private:
  CertificateFolder certificate_;
  observe::NameTable names_;
  control::Compiler compiler_{names_};
  server::ProcessShared shared_;
  SocketAddress bound_;
  server::Worker worker_{0, shared_, 1};
  std::thread thread_;
};

/// One kept connection.
class Client {
 public:
  Client(std::uint16_t port, const Job& job);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// One request and its whole answer; false when that is not a 200 with a body as long as it should be. Of HTTP/2:
  /// requests on Job::streams streams at once; what their heads say is not looked at.
  bool ask();

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  bool ask_http2();
  bool send_all(std::string_view bytes);
  ssize_t receive(char* data, std::size_t size);

  const std::size_t answer_bytes_;
  const std::size_t streams_;  // 0: HTTP/1.1
  std::uint32_t next_stream_ = 1;
  std::string request_, received_;
  int fd_ = -1;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
};

/// Endpoint, worker and client for a job.
struct Chain {
  explicit Chain(const Job& job)
      : endpoint(job.answer_bytes), worker(endpoint.port(), job), client(worker.port(), job) {}

  Endpoint endpoint;
  OneWorker worker;
  Client client;
};

}  // namespace weir::bench
