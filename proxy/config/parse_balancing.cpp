#include <algorithm>

#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/rates.hpp"
#include "config/scalars.hpp"

namespace weir::config {
namespace {

constexpr std::uint32_t weight_max = 1000;
constexpr std::uint32_t at_once_max = 1'000'000'000;
constexpr std::uint32_t queue_max = 1'000'000;

std::optional<HashKey> read_hash_key(const Field& field) {
  const std::string remedy = "write client_ip, header:NAME, cookie:NAME or path";
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", remedy);
    return std::nullopt;
  }
  auto key = parse_hash_key(field.node.text);
  if (!key) field.report(quote(field.node.text) + " is nothing that can be hashed", remedy);
  return key;
}

Queue parse_queue(const Field& field) {
  Queue queue;
  MapReader reader(field);
  reader.optional("max", queue.max, number_between(std::uint32_t{0}, queue_max));
  reader.optional("timeout", queue.timeout, parse_positive_duration);
  return queue;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(const Field& field) {
  if (!field.node.is_map()) return parse_endpoint_address(field);
  Endpoint address, settings;
  MapReader reader(field);
  const bool addressed =
      reader.required("address", address, parse_endpoint_address, "write HOST:PORT, such as 127.0.0.1:9001");
  reader.optional("weight", settings.weight, number_between(std::uint32_t{1}, weight_max));
  reader.optional("max_connections", settings.max_connections, number_between(std::uint32_t{0}, at_once_max));
  reader.optional("backup", settings.backup, parse_truth);
  reader.optional("zone", settings.zone, parse_text);
  if (!addressed) return std::nullopt;
  if (address.port == 0 && reader.has("weight")) {
    reader.report("a service name has no weight of its own",
                  "leave weight out: the SRV records say the weights");
  }
  settings.host = std::move(address.host);
  settings.port = address.port;
  settings.ip = address.ip;
  return settings;
}

void parse_policy(MapReader& reader, Upstream& upstream) {
  const bool known = reader.optional("balance", upstream.balance, one_of(balances)) || !reader.has("balance");
  const auto key = reader.find("hash_key");
  if (!key) return;
  upstream.hash_key = read_hash_key(*key).value_or(upstream.hash_key);
  if (known && upstream.balance != Balance::hash) {
    key->report("only makes sense with balance: hash", "set balance: hash, or remove it");
  }
}

void parse_load(MapReader& reader, Upstream& upstream) {
  reader.optional("slow_start", upstream.slow_start, parse_any_duration);
  if (const auto queue = reader.find("queue")) {
    upstream.queue = parse_queue(*queue);
    const auto has_limit = [](const Endpoint& endpoint) { return endpoint.max_connections != 0; };
    if (upstream.queue.max != 0 && !upstream.endpoints.empty() &&
        std::ranges::none_of(upstream.endpoints, has_limit)) {
      queue->report("nothing would ever wait: no endpoint has max_connections",
                    "give endpoints max_connections, or remove it");
    }
  }
  reader.optional("max_requests", upstream.max_requests, number_between(std::uint32_t{0}, at_once_max));
}

}  // namespace weir::config
