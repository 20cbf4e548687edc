// One look-up of one name: /etc/hosts and loopback first, then A and AAAA records; of a service name its SRV records
// and the addresses of their targets. Taken whole or not at all, but for two cases: AAAA without an answer where A
// has one, so that servers that never answer AAAA do no harm, and a service's targets for which no server answers: they
// keep the addresses that they had. Control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "names/dns_channel.hpp"

namespace weir::control {

/// Which IPv6 addresses a look-up takes.
enum class Ipv6 : std::uint8_t {
  off,
  hosts_file,  // loopback and those of /etc/hosts
  on,          // AAAA records, too
};

class NameLookUp : public std::enable_shared_from_this<NameLookUp> {
 public:
  static constexpr std::size_t addresses_max = 4096;    // read of one answer
  static constexpr std::size_t failed_targets_max = 8;  // of a service; further targets are not asked about

  using Done = std::function<void(const upstream::NameAnswer&)>;

  /// `known`: NameAnswer::targets of the last answer. `done` is called from the loop, once; or never, where the channel
  /// is cancelled.
  static void start(std::shared_ptr<DnsChannel> channel, const std::string& name, Ipv6 ipv6,
                    upstream::TargetAddresses known, Done done);

  NameLookUp(std::shared_ptr<DnsChannel> channel, Ipv6 ipv6, upstream::TargetAddresses known, Done done);

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
  const Ipv6 ipv6_;
  const upstream::TargetAddresses known_;
  const Done done_;
  bool service_ = false;
  std::vector<upstream::ServiceRecord> hosts_;  // to look up; the name itself is one without port and weight
  std::size_t next_ = 0;                        // of hosts_; the current one is before it
  upstream::LookUp v4_result_ = upstream::LookUp::answered;
  std::size_t found_ = 0;  // hosts with addresses now
  upstream::NameAnswer answer_;
};

/// `found` in /etc/hosts for `name`, with what loopback has besides: `localhost` is both addresses, and a name below it
/// that is not in the file is, too (RFC 6761 6.3). An app may listen on either alone.
void add_loopback(std::string_view name, std::vector<IpAddress>& found);

/// What a machine with these addresses can reach: `on` with an IPv6 address of more than its own link, `hosts_file`
/// with loopback or the link only.
Ipv6 reachable_ipv6(const std::vector<IpAddress>& machine);
/// Of this machine.
std::vector<IpAddress> machine_addresses();

}  // namespace weir::control
