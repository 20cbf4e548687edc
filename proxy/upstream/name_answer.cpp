#include "upstream/name_answer.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

namespace weir::upstream {
namespace {

constexpr std::size_t changes_shown_max = 16;

auto place_of(const NamedAddress& address) {
  return std::tie(address.ip, address.port);
}

bool is_before(const NamedAddress& a, const NamedAddress& b) {
  return place_of(a) < place_of(b);
}

std::string text_of(const NamedAddress& address) {
  return address.port == 0 ? address.ip.to_string() : SocketAddress{address.ip, address.port}.to_string();
}

/// `a` and `b` are one place: a backup adds nothing to one that always serves.
NamedAddress merged(NamedAddress a, const NamedAddress& b) {
  if (a.backup != b.backup) return a.backup ? b : a;
  a.weight += b.weight;
  return a;
}

/// In order, each place once.
void settle(std::vector<NamedAddress>& addresses) {
  std::ranges::sort(addresses, is_before);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (kept != 0 && place_of(addresses[kept - 1]) == place_of(addresses[i])) {
      addresses[kept - 1] = merged(addresses[kept - 1], addresses[i]);
    } else {
      addresses[kept++] = addresses[i];
    }
  }
  addresses.resize(kept);
}

/// What `now` says otherwise than `before` of the same place; empty where nothing.
std::string changes_of(const NamedAddress& before, const NamedAddress& now) {
  std::string text;
  if (before.weight != now.weight) text = "weight " + std::to_string(now.weight);
  if (before.backup != now.backup)
    text.append(text.empty() ? "" : ", ").append(now.backup ? "backup" : "no backup");
  return text;
}

/// Takes away what is past the bound, and says how many that are.
std::size_t cut(std::vector<NamedAddress>& addresses) {
  if (addresses.size() <= name_addresses_max) return 0;
  const std::size_t left_out = addresses.size() - name_addresses_max;
  std::ranges::stable_partition(addresses, std::logical_not(), &NamedAddress::backup);
  addresses.resize(name_addresses_max);
  std::ranges::sort(addresses, is_before);
  return left_out;
}

}  // namespace

std::string_view to_string(LookUp result) {
  switch (result) {
    case LookUp::answered:
      return "answered";
    case LookUp::nxdomain:
      return "nxdomain";
    case LookUp::no_data:
      return "no_data";
    case LookUp::timeout:
      return "timeout";
    case LookUp::server_failure:
      return "server_failure";
    case LookUp::malformed:
      return "malformed";
  }
  return {};
}

std::string_view explain(LookUp result) {
  switch (result) {
    case LookUp::answered:
      return "answered";
    case LookUp::nxdomain:
      return "no such name (NXDOMAIN)";
    case LookUp::no_data:
      return "the name has no address";
    case LookUp::timeout:
      return "no DNS server answered in time";
    case LookUp::server_failure:
      return "the DNS servers refuse, fail or cannot be reached";
    case LookUp::malformed:
      return "the DNS server's answer makes no sense";
  }
  return {};
}

bool is_definite(LookUp result) {
  return result == LookUp::answered || result == LookUp::nxdomain || result == LookUp::no_data;
}

NextAddresses next_addresses(const std::vector<NamedAddress>& before, const NameAnswer& answer) {
  NextAddresses next;
  if (answer.result != LookUp::answered || answer.addresses.empty()) {
    next.addresses = before;
    return next;
  }
  next.addresses = answer.addresses;
  settle(next.addresses);
  const auto stays = [&](const NamedAddress& known) {
    return (answer.ipv6_unknown && known.ip.v6) || (answer.backups_unknown && known.backup);
  };
  const std::size_t answered = next.addresses.size();
  for (const NamedAddress& known : before) {
    const auto end = next.addresses.begin() + static_cast<std::ptrdiff_t>(answered);
    if (stays(known) && !std::binary_search(next.addresses.begin(), end, known, is_before))
      next.addresses.push_back(known);
  }
  settle(next.addresses);
  next.left_out = cut(next.addresses);
  return next;
}

std::string describe_change(const std::vector<NamedAddress>& before, const std::vector<NamedAddress>& now) {
  std::vector<std::string> parts;
  for (const NamedAddress& address : now) {
    const auto known = std::ranges::find_if(
        before, [&](const NamedAddress& other) { return place_of(other) == place_of(address); });
    if (known == before.end()) {
      parts.push_back('+' + text_of(address) + (address.backup ? "(backup)" : ""));
    } else if (const std::string changes = changes_of(*known, address); !changes.empty()) {
      parts.push_back(text_of(address) + '(' + changes + ')');
    }
  }
  for (const NamedAddress& address : before) {
    const bool stays = std::ranges::any_of(
        now, [&](const NamedAddress& other) { return place_of(other) == place_of(address); });
    if (!stays) parts.push_back('-' + text_of(address));
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(parts.size(), changes_shown_max); ++i) {
    text += (i == 0 ? "" : " ") + parts[i];
  }
  if (parts.size() > changes_shown_max) {
    text += " and " + std::to_string(parts.size() - changes_shown_max) + " more";
  }
  return text;
}

}  // namespace weir::upstream
