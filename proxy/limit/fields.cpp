#include "limit/fields.hpp"

#include <algorithm>
#include <charconv>

namespace weir::limit {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

}  // namespace

std::string policy_member(std::string_view name, const TokenBucket& bucket) {
  std::string member;
  member.append("\"").append(name).append("\";q=");
  append_number(member, bucket.burst());
  member.append(";w=");
  append_number(member, seconds_of(bucket.fill_time()));
  return member;
}

void append_limit_member(std::string& out, std::string_view name, std::uint64_t tokens,
                         Nanoseconds until_next) {
  out.append("\"").append(name).append("\";r=");
  append_number(out, tokens);
  out.append(";t=");
  append_number(out, seconds_of(until_next));
}

}  // namespace weir::limit
