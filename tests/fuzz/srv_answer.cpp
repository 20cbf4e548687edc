// DNS answers with SRV records: no crash, and what comes out is bounded and usable as it is.
#include <cstdint>

#include "config/hosts.hpp"
#include "require.hpp"
#include "upstream/srv_answer.hpp"

using namespace weir;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto answer = upstream::parse_srv_answer({data, size});
  if (!answer) return 0;
  require(answer->records.size() <= upstream::srv_records_max);
  require(answer->ttl >= Milliseconds(0));
  for (const auto& record : answer->records) require(record.port != 0 && config::is_dns_name(record.target));
  const auto used = upstream::ranked(answer->records);
  require(used.size() == answer->records.size());
  require(used.empty() || !used.front().backup);
  for (const auto& record : used)
    require(record.weight >= 1 && record.weight <= upstream::service_weight_max);
  return 0;
}
