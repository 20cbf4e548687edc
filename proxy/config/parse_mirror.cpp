#include "config/blocks.hpp"
#include "config/scalars.hpp"
#include "config/shares.hpp"

namespace weir::config {
namespace {

constexpr std::uint64_t mirror_body_bytes_max = 64 * 1024 * 1024;
constexpr std::uint32_t mirror_in_flight_max = 100'000;
constexpr const char* percent_remedy = "write a number from 0 to 100, such as 10 or 0.5";

std::optional<std::uint32_t> parse_share(const Field& field) {
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", percent_remedy);
    return std::nullopt;
  }
  const auto share = parse_percent(field.node.text);
  if (!share) field.report(quote(field.node.text) + " is not a share in percent", percent_remedy);
  return share;
}

}  // namespace

Mirror parse_mirror(const Field& field, const Names& names) {
  Mirror mirror;
  mirror.upstream = no_upstream;  // until it is known
  MapReader reader(field);
  reader.required(
      "upstream", mirror.upstream,
      [&](const Field& name) { return names.upstreams.resolve(name, "an upstream"); },
      "name the upstream that gets the copies");
  reader.required("percent", mirror.share, parse_share,
                  "write the share that is copied, such as 10, or 0 for none");
  reader.optional("credentials", mirror.credentials, one_of(mirror_credentials));
  reader.optional("body_bytes", mirror.body_bytes, size_between(std::uint64_t{0}, mirror_body_bytes_max));
  reader.optional("max_in_flight", mirror.max_in_flight,
                  number_between(std::uint32_t{1}, mirror_in_flight_max));
  return mirror;
}

}  // namespace weir::config
