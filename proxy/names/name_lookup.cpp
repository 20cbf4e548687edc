#include "names/name_lookup.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstring>
#include <memory>
#include <utility>

#include "config/hosts.hpp"

namespace weir::control {

using upstream::LookUp;

NameLookUp::NameLookUp(std::shared_ptr<DnsChannel> channel, Ipv6 ipv6, upstream::TargetAddresses known,
                       Done done)
    : channel_(std::move(channel)), ipv6_(ipv6), known_(std::move(known)), done_(std::move(done)) {}

void NameLookUp::start(std::shared_ptr<DnsChannel> channel, const std::string& name, Ipv6 ipv6,
                       upstream::TargetAddresses known, Done done) {
  const auto self = std::make_shared<NameLookUp>(std::move(channel), ipv6, std::move(known), std::move(done));
  if (config::is_service_name(name)) {
    self->service_ = true;
    self->channel_->services(name, [self](ServiceReply reply) { self->services_found(std::move(reply)); });
    return;
  }
  upstream::ServiceRecord host;
  host.target = name;
  self->hosts_.push_back(std::move(host));
  boost::asio::post(self->channel_->context(), [self] { self->next_host(); });
}

void NameLookUp::services_found(ServiceReply reply) {
  if (reply.result != LookUp::answered) return end(reply.result);
  limit_ttl(reply.ttl);
  hosts_ = upstream::ranked(std::move(reply.records));
  for (upstream::ServiceRecord& host : hosts_) host.target += '.';  // whole names: no search domains
  next_host();
}

void NameLookUp::next_host() {
  if (next_ == hosts_.size()) return end_of_hosts();
  ++next_;
  ask_host();
}

void NameLookUp::ask_host() {
  const std::string& host = hosts_[next_ - 1].target;
  if (answer_.failed_targets.size() >= failed_targets_max)
    return host_failed(answer_.failed_targets.back().result);
  const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  auto local = channel_->from_file(name);
  add_loopback(name, local);
  if (ipv6_ == Ipv6::off) std::erase_if(local, [](const IpAddress& address) { return address.v6; });
  if (!local.empty()) {
    add(local);
    return host_done(LookUp::answered);
  }
  channel_->addresses(host, Family::v4,
                      [self = shared_from_this()](const AddressReply& reply) { self->v4_found(reply); });
}

void NameLookUp::v4_found(const AddressReply& reply) {
  if (!upstream::is_definite(reply.result)) return host_failed(reply.result);
  v4_result_ = reply.result;
  if (reply.result == LookUp::answered) {
    add(reply.addresses);
    limit_ttl(reply.ttl);
  }
  if (ipv6_ != Ipv6::on) return host_done(reply.result);
  // Of the very name that was found: a search domain further on may know it, too, and mean something else.
  const std::string host =
      reply.result == LookUp::answered && !reply.name.empty() ? reply.name + '.' : hosts_[next_ - 1].target;
  channel_->addresses(host, Family::v6,
                      [self = shared_from_this()](const AddressReply& found) { self->v6_found(found); });
}

void NameLookUp::v6_found(const AddressReply& reply) {
  if (reply.result == LookUp::answered) {
    add(reply.addresses);
    limit_ttl(reply.ttl);
    return host_done(LookUp::answered);
  }
  if (upstream::is_definite(reply.result)) {
    const bool exists = v4_result_ == LookUp::no_data || reply.result == LookUp::no_data;
    return host_done(v4_result_ == LookUp::answered ? LookUp::answered
                     : exists                       ? LookUp::no_data
                                                    : LookUp::nxdomain);
  }
  if (v4_result_ != LookUp::answered) return host_failed(reply.result);
  answer_.ipv6_unknown = true;
  host_done(LookUp::answered);
}

void NameLookUp::add(const std::vector<IpAddress>& addresses) {
  const upstream::ServiceRecord& host = hosts_[next_ - 1];
  for (const IpAddress& ip : addresses) {
    if (answer_.addresses.size() == addresses_max) return;
    answer_.addresses.push_back({ip, host.port, host.weight, host.backup});
    if (service_) answer_.targets[host.target].push_back(ip);
  }
}

void NameLookUp::limit_ttl(Milliseconds ttl) {
  answer_.ttl = answer_.ttl ? std::min(*answer_.ttl, ttl) : ttl;
}

/// A service's target that has no address is left out; the others serve.
void NameLookUp::host_done(LookUp result) {
  if (!service_ && result != LookUp::answered) return end(result);
  found_ += result == LookUp::answered ? 1 : 0;
  next_host();
}

/// No server answered for it. That is no reason to do without the others; and where others serve and it is a backup,
/// neither it nor those behind it are waited for any longer.
void NameLookUp::host_failed(LookUp result) {
  if (!service_) return end(result);
  if (hosts_[next_ - 1].backup && found_ != 0) {
    answer_.backups_unknown = true;
    for (std::size_t i = next_ - 1; i < hosts_.size(); ++i) {
      const auto known = known_.find(hosts_[i].target);
      if (known != known_.end()) answer_.targets.insert(*known);
    }
    return end_of_hosts();
  }
  keep_known(result);
  next_host();
}

/// The current target stays what it was.
void NameLookUp::keep_known(LookUp result) {
  const std::string& target = hosts_[next_ - 1].target;
  upstream::FailedTarget failed;
  failed.name = target.substr(0, target.size() - 1);
  failed.result = result;
  if (const auto known = known_.find(target); known != known_.end()) {
    failed.kept = known->second.size();
    add(known->second);
  }
  answer_.failed_targets.push_back(std::move(failed));
}

/// Targets that failed are asked for again as soon as that may be. Where none at all was found, the service failed.
void NameLookUp::end_of_hosts() {
  const auto& failed = answer_.failed_targets;
  if (found_ == 0) return end(failed.empty() ? LookUp::no_data : failed.front().result);
  if (!failed.empty()) limit_ttl(Milliseconds(0));
  end(LookUp::answered);
}

void NameLookUp::end(LookUp result) {
  answer_.result = result;
  if (result != LookUp::answered) answer_.addresses.clear();
  done_(answer_);
}

void add_loopback(std::string_view name, std::vector<IpAddress>& found) {
  const bool is_localhost = name == "localhost";
  if (!is_localhost && !(name.ends_with(".localhost") && found.empty())) return;
  for (const char* const text : {"127.0.0.1", "::1"}) {
    const IpAddress address = *IpAddress::parse(text);
    const auto same_family = [&](const IpAddress& known) { return known.v6 == address.v6; };
    if (std::ranges::none_of(found, same_family)) found.push_back(address);
  }
}

Ipv6 reachable_ipv6(const std::vector<IpAddress>& machine) {
  Ipv6 reachable = Ipv6::off;
  for (const IpAddress& address : machine) {
    if (!address.v6) continue;
    const bool link_local = address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
    if (!address.is_loopback() && !link_local) return Ipv6::on;
    reachable = Ipv6::hosts_file;
  }
  return reachable;
}

std::vector<IpAddress> machine_addresses() {
  std::vector<IpAddress> found;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return found;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(first, &::freeifaddrs);
  for (const ifaddrs* item = first; item != nullptr; item = item->ifa_next) {
    if (item->ifa_addr == nullptr) continue;
    const bool v6 = item->ifa_addr->sa_family == AF_INET6;
    if (!v6 && item->ifa_addr->sa_family != AF_INET) continue;
    sockaddr_storage address{};
    std::memcpy(&address, item->ifa_addr, v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    found.push_back(IpAddress::from_sockaddr(address));
  }
  return found;
}

}  // namespace weir::control
