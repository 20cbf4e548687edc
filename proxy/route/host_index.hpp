// Which buckets of routes a host belongs to: the one of its exact name, those of the wildcards above it, and the one
// for any host. Filled at build; then any thread, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "route/name_index.hpp"
#include "route/table.hpp"

namespace weir::route {

inline constexpr std::string_view wildcard_mark = "*.";

/// `pattern`: a name, or "*.name" for one or more labels below it.
inline bool host_matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with(wildcard_mark)) return pattern == host;
  const std::string_view dot_name = pattern.substr(1);
  return host.size() > dot_name.size() && host.ends_with(dot_name);
}

class HostIndex {
 public:
  using Bucket = std::uint32_t;
  static constexpr Bucket any_host = 0;

  Bucket get_or_add(std::string_view pattern) {
    const bool is_wildcard = pattern.starts_with(wildcard_mark);
    has_wildcards_ = has_wildcards_ || is_wildcard;
    const std::string_view name = is_wildcard ? pattern.substr(wildcard_mark.size()) : pattern;
    const Bucket bucket = names_.get_or_add(is_wildcard ? wildcard : exact, name, count_);
    if (bucket == count_) ++count_;
    return bucket;
  }
  std::size_t size() const { return count_; }

  template <class Visit>
  void for_each_bucket(std::string_view host, Visit visit) const {
    if (host.size() <= host_bytes_max) {
      visit_found(exact, host, visit);
      // From the longest wildcard up; a label stands before each dot that counts.
      for (std::size_t dot = has_wildcards_ ? host.find('.', 1) : host.npos; dot != host.npos;
           dot = host.find('.', dot + 1)) {
        visit_found(wildcard, host.substr(dot + 1), visit);
      }
    }
    visit(any_host);
  }

 private:
  enum Kind : std::uint32_t { exact, wildcard };

  template <class Visit>
  void visit_found(Kind kind, std::string_view name, Visit& visit) const {
    const Bucket bucket = names_.find(kind, name);
    if (bucket != NameIndex::none) visit(bucket);
  }

  NameIndex names_;
  Bucket count_ = any_host + 1;
  bool has_wildcards_ = false;
};

}  // namespace weir::route
