// What the relays on Boost.Asio have in common with each other, and with floor.cpp: the command line, the listening
// socket, and one connection to an endpoint for each client's, the endpoints in turn. One thread. Measuring sticks for
// bench/compare, no proxies. May use Asio and CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/system_error.hpp>
#include <boost/version.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::floor {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// The executor by its own type: the usual any_io_executor would cost a virtual call and a copy for each operation.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

/// Of each direction of a pair: Asio reads into memory of the operation, so that pairs cannot share it.
inline constexpr std::size_t buffer_bytes = 16 * 1024;
inline constexpr int backlog = 4096;

/// Accepts clients, and makes a `Pair` of each with an endpoint: `Pair(Socket client, Socket endpoint)` and
/// `start(std::shared_ptr<Pair>)`, which lives as long as an operation of it does.
template <class Pair>
class Relay {
 public:
  Relay(std::uint16_t port, const std::vector<std::uint16_t>& ports) : acceptor_(context_) {
    for (const std::uint16_t each : ports) endpoints_.emplace_back(asio::ip::address_v4::loopback(), each);
    const tcp::endpoint address(asio::ip::address_v4::loopback(), port);
    acceptor_.open(address.protocol());
    acceptor_.set_option(Acceptor::reuse_address(true));
    acceptor_.bind(address);
    acceptor_.listen(backlog);
  }

  /// Until the process is stopped.
  void run() {
    accept();
    context_.run();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code ec, Socket client) {
      if (ec) throw boost::system::system_error(ec, "accept");
      begin(std::move(client));
      accept();
    });
  }

  void begin(Socket client) {
    Socket endpoint(context_);
    endpoint.connect(endpoints_[turn_++ % endpoints_.size()]);
    for (Socket* const socket : {&client, &endpoint}) {
      socket->set_option(tcp::no_delay(true));
      socket->non_blocking(true);
    }
    auto pair = std::make_shared<Pair>(std::move(client), std::move(endpoint));
    Pair& started = *pair;
    started.start(std::move(pair));
  }

  /// One thread, so without locks: what Asio offers for that is cheaper than the concurrency hint 1, which keeps them.
  asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  Acceptor acceptor_;
  std::vector<tcp::endpoint> endpoints_;
  std::size_t turn_ = 0;
};

inline std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100'000) + "." + std::to_string(BOOST_VERSION / 100 % 1'000);
}

/// The whole of main: the same arguments as floor's, and which Boost it is made of.
template <class Pair>
int run_relay(const char* name, const char* description, int argc, char** argv) {
  CLI::App app{description};
  app.set_version_flag("--version", boost_version());
  std::uint16_t port = 0;
  std::vector<std::uint16_t> endpoints;
  app.add_option("--port", port, "Loopback port to listen on")->required();
  app.add_option("--endpoint", endpoints, "Loopback port of an endpoint; may be repeated")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    Relay<Pair>(port, endpoints).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
  return 0;
}

}  // namespace weir::floor
