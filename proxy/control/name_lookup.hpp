// One look-up of one name: /etc/hosts first, then A and AAAA records; of a service name its SRV records and the
// addresses of their targets. Taken whole or not at all, but for two cases: AAAA without an answer where A has one, so
// that servers that never answer AAAA do no harm, and a service's targets that nobody answers for: they keep the
// addresses that they had. Control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/dns_channel.hpp"

namespace weir::control {

class NameLookUp : public std::enable_shared_from_this<NameLookUp> {
 public:
  static constexpr std::size_t addresses_max = 4096;    // read of one answer
  static constexpr std::size_t failed_targets_max = 8;  // of a service; further targets are not asked about

  using Done = std::function<void(const upstream::NameAnswer&)>;

  /// `known`: NameAnswer::targets of the last answer. `done` is called from the loop, once; or never, where the channel
  /// is cancelled.
  static void start(std::shared_ptr<DnsChannel> channel, const std::string& name, bool ipv6,
                    upstream::TargetAddresses known, Done done);

  NameLookUp(std::shared_ptr<DnsChannel> channel, bool ipv6, upstream::TargetAddresses known, Done done);

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
  void keep_known(upstream::LookUp result);
  void end_of_hosts();
  void end(upstream::LookUp result);

  const std::shared_ptr<DnsChannel> channel_;
  const bool ipv6_;
  const upstream::TargetAddresses known_;
  const Done done_;
  bool service_ = false;
  std::vector<upstream::ServiceRecord> hosts_;  // to look up; the name itself is one without port and weight
  std::size_t next_ = 0;                        // of hosts_; the current one is before it
  upstream::LookUp v4_result_ = upstream::LookUp::answered;
  std::size_t found_ = 0;  // hosts with addresses now
  upstream::NameAnswer answer_;
};

/// Whether this machine has an IPv6 address that reaches further than its own link.
bool machine_has_ipv6();

}  // namespace weir::control
