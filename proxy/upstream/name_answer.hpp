// What a look-up of an endpoint's name says, and what becomes of the addresses that are in use: an answer replaces
// them, a failure keeps them. Pure; any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ip.hpp"

namespace weir::upstream {

/// An address that a name stands for. A service name (SRV) says port, weight and rank, too.
struct NamedAddress {
  IpAddress ip;
  std::uint16_t port = 0;    // 0: the port of the configuration
  std::uint32_t weight = 0;  // 0: the weight of the configuration
  bool backup = false;       // besides those that the configuration calls so
  auto operator<=>(const NamedAddress&) const = default;
};

inline constexpr std::size_t name_addresses_max = 256;  // of one name; further ones are left out

/// How a look-up ended.
enum class LookUp : std::uint8_t {
  answered,
  nxdomain,        // there is no such name
  no_data,         // the name exists and has no address
  timeout,         // no server answered in time
  server_failure,  // the servers refuse, fail, or cannot be reached
  malformed,       // an answer that is none
};
inline constexpr std::size_t lookup_kinds = 6;

/// `nxdomain`, as the metric shows it.
std::string_view to_string(LookUp result);
/// `no such name (NXDOMAIN)`, for people.
std::string_view explain(LookUp result);
/// Whether the name itself has no such addresses, as a server answered; otherwise the question stays open.
bool is_definite(LookUp result);

/// What is known of a service's targets, by name.
using TargetAddresses = std::map<std::string, std::vector<IpAddress>>;

/// A target that no DNS server answered for.
struct FailedTarget {
  std::string name;
  LookUp result = LookUp::server_failure;
  std::size_t kept = 0;  // of its last addresses, which are in the answer
};

struct NameAnswer {
  LookUp result = LookUp::answered;
  std::vector<NamedAddress> addresses;
  std::optional<Milliseconds> ttl;  // absent: from a file, which says none
  bool ipv6_unknown = false;        // only IPv4 was answered; what is known of IPv6 stays as it was
  bool backups_unknown = false;     // not all backups were found out; known ones stay
  TargetAddresses targets;          // of a service: what this answer is made of
  std::vector<FailedTarget> failed_targets;
};

/// The addresses to use after `answer`, in order, without doubles (their weights add up, and one that is no backup once
/// is none), and at most name_addresses_max, backups being left out first. What was in use `before` stays where the
/// answer is a failure or empty.
struct NextAddresses {
  std::vector<NamedAddress> addresses;
  std::size_t left_out = 0;  // past the bound
};
NextAddresses next_addresses(const std::vector<NamedAddress>& before, const NameAnswer& answer);

/// `+10.0.0.4 -10.0.0.3`; what changed of one that stays: `10.0.0.4:80(weight 5, backup)`. Long ones are cut.
std::string describe_change(const std::vector<NamedAddress>& before, const std::vector<NamedAddress>& now);

}  // namespace weir::upstream
