// The rate limits of one configuration over a log: the buckets that serve, moved by the times in the log. A limit whose
// key is not in the log is taken to decide as it did, where both configurations have it alike for the same routes, and
// as unknown elsewhere. One thread; memory is bounded over all limits of both configurations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "config/model.hpp"
#include "limit/bucket_table.hpp"
#include "limit/key.hpp"
#include "replay/judge.hpp"
#include "replay/log_line.hpp"

namespace weir::replay {

inline constexpr std::size_t bucket_bytes_max = 40 * 1024 * 1024;  // of all limits of both configurations

class Buckets {
 public:
  /// `other`: the configuration that it is compared with.
  Buckets(const config::Config& config, const config::Config& other);

  /// What the limits of the verdict's route say; `unknown`: it is not in the log.
  struct Decision {
    const config::RateLimit* refused_by = nullptr;
    const config::RateLimit* unknown = nullptr;
  };
  /// Takes the tokens that the request takes. Only for a verdict that gets as far as limits.
  Decision decide(const LoggedRequest& request, const Asked& asked, const Verdict& verdict);

  /// Keys that were given up for want of room: their buckets count as full.
  std::uint64_t evictions() const;

 private:
  struct Limit {
    Limit(const config::RateLimit& limit, std::size_t keys);
    const config::RateLimit* config;
    limit::KeyRule key;
    std::shared_ptr<limit::BucketTable> table;
    bool logged = true;         // the log has all parts of its key
    bool needs_client = false;  // or may need it
    bool alike = false;         // in the other configuration, for the same routes
  };

  std::vector<Limit> limits_;  // in the order of the configuration
  std::vector<http::Field> fields_;
};

}  // namespace weir::replay
