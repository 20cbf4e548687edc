// One look-up of one name: /etc/hosts first, then A and AAAA records; of a service name its SRV records and the
// addresses of their targets. Taken whole or not at all, but for two cases: AAAA without an answer where A has one, so
// that servers that never answer AAAA do no harm, and a service's backups that nobody answers for. Control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/dns_channel.hpp"

namespace weir::control {

class NameLookUp : public std::enable_shared_from_this<NameLookUp> {
 public:
  static constexpr std::size_t addresses_max = 4096;  // read of one answer

  using Done = std::function<void(const upstream::NameAnswer&)>;

  /// `done` is called from the loop, once; or never, where the channel is cancelled.
  static void start(std::shared_ptr<DnsChannel> channel, const std::string& name, bool ipv6, Done done);

  NameLookUp(std::shared_ptr<DnsChannel> channel, bool ipv6, Done done);

 private:
  void services_found(ServiceReply reply);
  void next_host();
  void ask_host();
  void v4_found(const AddressReply& reply);
  void v6_found(const AddressReply& reply);
  void add(const std::vector<IpAddress>& addresses);
  void limit_ttl(Milliseconds ttl);
  void host_done(upstream::LookUp result);
  void host_failed(upstream::LookUp result);
  void end(upstream::LookUp result);

  const std::shared_ptr<DnsChannel> channel_;
  const bool ipv6_;
  const Done done_;
  bool service_ = false;
  std::vector<upstream::ServiceRecord> hosts_;  // to look up; the name itself is one without port and weight
  std::size_t next_ = 0;                        // of hosts_; the current one is before it
  upstream::LookUp v4_result_ = upstream::LookUp::answered;
  upstream::NameAnswer answer_;
};

/// Whether this machine has an IPv6 address that reaches further than its own link.
bool machine_has_ipv6();

}  // namespace weir::control
