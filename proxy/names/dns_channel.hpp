// Questions to DNS servers and to /etc/hosts: c-ares, driven by the control thread's Asio loop through its sockets and
// one timer, so that nothing blocks (but for reading /etc/hosts) and no thread is needed. Control thread. Replies are
// given from the loop, never from inside a call.
#pragma once

#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "upstream/name_answer.hpp"
#include "upstream/srv_answer.hpp"

namespace weir::control {

struct AddressReply {
  upstream::LookUp result = upstream::LookUp::answered;
  std::vector<IpAddress> addresses;  // as they came
  Milliseconds ttl{0};               // the shortest, CNAMEs included
  std::string name;                  // that was found, search domain included
};

struct ServiceReply {
  upstream::LookUp result = upstream::LookUp::answered;
  std::vector<upstream::ServiceRecord> records;
  Milliseconds ttl{0};
};

enum class Family { v4, v6 };

class DnsChannel : public std::enable_shared_from_this<DnsChannel> {
 public:
  /// Null, and logged, when c-ares does not start (no memory, no readable /etc/resolv.conf).
  static std::shared_ptr<DnsChannel> open(boost::asio::io_context& context, const config::Resolver& settings);
  explicit DnsChannel(boost::asio::io_context& context);
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  /// A or AAAA records of `name`; a last dot keeps search domains away.
  void addresses(const std::string& name, Family family, std::function<void(AddressReply)> reply);
  void services(const std::string& name, std::function<void(ServiceReply)> reply);
  /// What /etc/hosts has of both families, and loopback for `localhost` in any case. At once.
  std::vector<IpAddress> from_file(const std::string& name) const;
  /// Nothing that was asked is answered any more, nor what is asked from now on; but for replies under way.
  void cancel();
  boost::asio::io_context& context() { return context_; }

 private:
  struct Socket {
    explicit Socket(boost::asio::io_context& context) : descriptor(context) {}
    boost::asio::posix::stream_descriptor descriptor;
    bool wants_read = false, wants_write = false;
    bool reading = false, writing = false;  // waited for
    bool open = true;
  };
  template <class Reply>
  struct Question;

  static void services_answered(void* question, int status, std::span<const std::uint8_t> message);
  bool start(const config::Resolver& settings);
  bool use_servers(const std::vector<SocketAddress>& servers);
  void state_changed(int fd, bool readable, bool writable);
  void wait(const std::shared_ptr<Socket>& socket);
  void ready(const std::shared_ptr<Socket>& socket, bool to_read);
  void arm_timer();

  boost::asio::io_context& context_;
  boost::asio::steady_timer timer_;
  std::map<int, std::shared_ptr<Socket>> sockets_;
  ares_channel servers_ = nullptr;
  ares_channel file_ = nullptr;
  bool cancelled_ = false;
};

}  // namespace weir::control
