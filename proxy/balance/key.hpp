// What `balance: hash` hashes of a request. The same on every machine and after every restart, so that several Weirs
// send a key to the same endpoint; no secret is involved, because bounded loads keep a client that finds colliding keys
// from filling one endpoint. Pure, no allocation; immutable, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "core/ip.hpp"
#include "http/head.hpp"

namespace weir::balance {

class KeyRule {
 public:
  KeyRule() = default;
  explicit KeyRule(const config::HashKey& key);

  /// `path`: normalised. Without the header or cookie, or where it is empty, the client's address counts.
  std::uint64_t key_of(std::span<const http::Field> fields, const IpAddress& client_ip,
                       std::string_view path) const;

 private:
  config::HashKey key_;
  http::FieldId field_ = http::FieldId::unknown;
};

}  // namespace weir::balance
