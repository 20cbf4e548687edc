// A DNS server on 127.0.0.1, over UDP and TCP on one port, that answers what a test says: A, AAAA and SRV records with
// their time to live, and everything that goes wrong with servers. Names that were not set do not exist. One
// thread; the test's thread scripts it, asks it and waits for it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/deadline.hpp"
#include "support/unique_fd.hpp"

namespace weir::testing {

enum class DnsType : std::uint16_t { a = 1, cname = 5, aaaa = 28, srv = 33 };

/// What happens to each question for a name, instead of an answer.
enum class DnsFault {
  none,
  nxdomain,
  servfail,
  refused,
  silent,    // no answer at all
  truncate,  // over UDP an empty one with TC set; whole over TCP
  garbage,   // the right head with nonsense behind it
};

struct DnsService {
  std::uint16_t priority = 0, weight = 0, port = 0;
  std::string target;
};

class DnsServer {
 public:
  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// IPv4 texts become A records, IPv6 texts AAAA. An empty list: the name exists and has none.
  void set(const std::string& name, const std::vector<std::string>& ips, std::uint32_t ttl_seconds = 3600);
  void set_services(const std::string& name, const std::vector<DnsService>& services,
                    std::uint32_t ttl_seconds = 3600);
  void set_alias(const std::string& name, const std::string& target, std::uint32_t ttl_seconds = 3600);
  /// For every question about `name`, or those of one type only.
  void fail(const std::string& name, DnsFault fault);
  void fail(const std::string& name, DnsType type, DnsFault fault);

  /// How many questions of that type came, over both transports.
  std::size_t questions(const std::string& name, DnsType type = DnsType::a) const;
  std::size_t questions_over_tcp() const;
  /// Throws TestFailure when the deadline passes.
  void wait_for_questions(const std::string& name, std::size_t count, DnsType type = DnsType::a,
                          const Deadline& deadline = Deadline()) const;

 private:
  struct Record {
    DnsType type;
    std::uint32_t ttl;
    std::string data;    // as it goes over the wire
    std::string target;  // of an alias
  };
  using Key = std::pair<std::string, DnsType>;

  void serve();
  void serve_udp();
  void serve_tcp();
  /// "" for none.
  std::string answer(std::string_view question, bool tcp);
  std::string records_for(std::string name, DnsType type, unsigned& count, bool& exists) const;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::string, std::vector<Record>> records_;
  std::map<Key, DnsFault> faults_;
  std::map<Key, std::size_t> questions_;
  std::size_t tcp_questions_ = 0;
  UniqueFd udp_, tcp_, stop_event_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace weir::testing
