// Which bucket a request belongs to: the parts of a limit's key, each with its kind and length, hashed under
// the process's secret, so that no two keys look alike and no client can aim at another's bucket. A header or cookie
// with several values makes no key: which of them counts is for the endpoint to say. Pure, no allocation; immutable
// after construction, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "core/ip.hpp"
#include "core/sip_hash.hpp"
#include "http/head.hpp"

namespace weir::limit {

/// What keys can be made of.
struct KeySource {
  const IpAddress& client_ip;
  std::string_view host, path;  // normalised
  std::string_view route;
  const std::vector<http::Field>& fields;
};

class KeyRule {
 public:
  explicit KeyRule(const config::RateLimit& limit);

  /// `pass`, `refuse`: the header or cookie is missing, or, for `refuse`, there with several values.
  enum class Outcome : std::uint8_t { found, pass, refuse };
  struct Key {
    Outcome outcome = Outcome::found;
    std::uint64_t hash = 0;  // where found
  };
  Key key_of(const KeySource& source, const SipKey& secret) const;

 private:
  struct Part {
    config::RateLimitKey::Kind kind;
    http::FieldId field;
    std::string name;
  };
  void add_client_ip(TableHash& hash, const IpAddress& ip) const;

  std::vector<Part> parts_;
  unsigned ipv6_prefix_;
  config::OnMissingKey on_missing_;
};

}  // namespace weir::limit
