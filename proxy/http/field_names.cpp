#include "http/field_names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace weir::http {
namespace {

struct CommonName {
  std::string_view text;  // lower case
  FieldId id;
};

/// Of requests by browsers and libraries, of responses by the usual servers, and what proxies add.
constexpr CommonName common_names[] = {
    {"accept", FieldId::accept},
    {"accept-encoding", FieldId::accept_encoding},
    {"accept-language", FieldId::accept_language},
    {"accept-ranges", FieldId::accept_ranges},
    {"access-control-allow-origin", FieldId::access_control_allow_origin},
    {"age", FieldId::age},
    {"authorization", FieldId::authorization},
    {"cache-control", FieldId::cache_control},
    {"connection", FieldId::connection},
    {"content-encoding", FieldId::content_encoding},
    {"content-length", FieldId::content_length},
    {"content-type", FieldId::content_type},
    {"cookie", FieldId::cookie},
    {"date", FieldId::date},
    {"etag", FieldId::etag},
    {"expect", FieldId::expect},
    {"expires", FieldId::expires},
    {"grpc-message", FieldId::unknown},
    {"grpc-status", FieldId::unknown},
    {"host", FieldId::host},
    {"if-modified-since", FieldId::if_modified_since},
    {"if-none-match", FieldId::if_none_match},
    {"keep-alive", FieldId::keep_alive},
    {"last-modified", FieldId::last_modified},
    {"link", FieldId::link},
    {"location", FieldId::location},
    {"origin", FieldId::origin},
    {"priority", FieldId::priority},
    {"range", FieldId::range},
    {"referer", FieldId::referer},
    {"server", FieldId::server},
    {"set-cookie", FieldId::set_cookie},
    {"strict-transport-security", FieldId::strict_transport_security},
    {"te", FieldId::te},
    {"transfer-encoding", FieldId::transfer_encoding},
    {"traceparent", FieldId::unknown},
    {"upgrade", FieldId::upgrade},
    {"user-agent", FieldId::user_agent},
    {"vary", FieldId::vary},
    {"via", FieldId::via},
    {"x-content-type-options", FieldId::unknown},
    {"x-forwarded-for", FieldId::unknown},
    {"x-forwarded-host", FieldId::unknown},
    {"x-forwarded-proto", FieldId::unknown},
    {"x-frame-options", FieldId::x_frame_options},
    {"x-real-ip", FieldId::unknown},
    {"x-request-id", FieldId::unknown},
};

constexpr std::size_t name_bytes_max = 32;
constexpr std::size_t buckets = 256;
static_assert(std::ranges::all_of(common_names, [](const CommonName& name) {
  return !name.text.empty() && name.text.size() <= name_bytes_max;
}));

/// Of a name of at least one byte; letters count alike in both cases.
constexpr std::size_t bucket_of(std::string_view name, std::uint32_t seed) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(name[at] | 0x20); };
  const auto size = static_cast<std::uint32_t>(name.size());
  const std::uint32_t mix =
      size + (byte(0) << 5) + (byte(name.size() / 2) << 11) + (byte(name.size() - 1) << 17);
  return (mix * seed) >> 24;
}

/// A multiplier that gives each common name a bucket of its own; 0: there is none among those tried.
constexpr std::uint32_t find_seed() {
  for (std::uint32_t seed = 0x9e3779b1u, tries = 0; tries < 2000; seed += 0x61c88646u, ++tries) {
    std::array<bool, buckets> taken{};
    const bool all_apart = std::ranges::all_of(common_names, [&](const CommonName& name) {
      return !std::exchange(taken[bucket_of(name.text, seed | 1u)], true);
    });
    if (all_apart) return seed | 1u;
  }
  return 0;
}
constexpr std::uint32_t seed = find_seed();
static_assert(seed != 0);

/// A name as whole words, filled up with zeros, and which of its bits may differ: the case of letters.
struct Entry {
  std::array<char, name_bytes_max> text{};
  std::array<char, name_bytes_max> either{};
  std::uint8_t bytes = 0;
  FieldId id = FieldId::unknown;
};

constexpr auto entries = [] {
  std::array<Entry, buckets> table{};
  for (const CommonName& name : common_names) {
    Entry& entry = table[bucket_of(name.text, seed)];
    for (std::size_t i = 0; i < name.text.size(); ++i) {
      entry.text[i] = name.text[i];
      entry.either[i] = name.text[i] >= 'a' && name.text[i] <= 'z' ? 0x20 : 0;
    }
    entry.bytes = static_cast<std::uint8_t>(name.text.size());
    entry.id = name.id;
  }
  return table;
}();

enum class Case : std::uint8_t { any, lower };

/// The bits in which a word of `name` from `at` on is not that of the entry, in any case of letters or in lower case.
template <Case letters, class Word>
Word differences(const Entry& entry, std::string_view name, std::size_t at) {
  Word received, text, either;
  std::memcpy(&received, name.data() + at, sizeof received);
  std::memcpy(&text, entry.text.data() + at, sizeof text);
  if constexpr (letters == Case::lower) return static_cast<Word>(received ^ text);
  std::memcpy(&either, entry.either.data() + at, sizeof either);
  return static_cast<Word>((received ^ text) & ~either);
}

/// Of texts that are as long as the entry's name. The last word overlaps the one before it.
template <Case letters, class Word>
bool matches_in_words(const Entry& entry, std::string_view name) {
  const std::size_t last = name.size() - sizeof(Word);
  Word wrong = differences<letters, Word>(entry, name, last);
  for (std::size_t at = 0; at < last; at += sizeof(Word)) {
    wrong = static_cast<Word>(wrong | differences<letters, Word>(entry, name, at));
  }
  return wrong == 0;
}

template <Case letters>
bool matches(const Entry& entry, std::string_view name) {
  if (name.size() >= sizeof(std::uint64_t)) return matches_in_words<letters, std::uint64_t>(entry, name);
  if (name.size() >= sizeof(std::uint32_t)) return matches_in_words<letters, std::uint32_t>(entry, name);
  return matches_in_words<letters, char>(entry, name);
}

template <Case letters>
std::optional<FieldId> find(std::string_view name) {
  if (name.empty()) return std::nullopt;
  const Entry& entry = entries[bucket_of(name, seed)];
  if (entry.bytes != name.size() || !matches<letters>(entry, name)) return std::nullopt;
  return entry.id;
}

}  // namespace

std::optional<FieldId> find_common_field(std::string_view name) {
  return find<Case::any>(name);
}

std::optional<FieldId> find_common_lower_field(std::string_view name) {
  return find<Case::lower>(name);
}

FieldId field_id(std::string_view name) {
  const auto common = find_common_field(name);
  return common ? *common : registered_field(name);
}

FieldId registered_field(std::string_view name) {
  return boost::beast::http::string_to_field({name.data(), name.size()});
}

}  // namespace weir::http
