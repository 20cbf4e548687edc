#include "tls/sni.hpp"

#include <algorithm>
#include <array>

namespace weir::tls {
namespace {

constexpr std::uint8_t name_type_host = 0;

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return lower_case(c); });
  return lower;
}

std::size_t read_u16(std::span<const std::uint8_t> bytes) {
  return std::size_t{bytes[0]} << 8 | bytes[1];
}

}  // namespace

std::string_view server_name_of(std::span<const std::uint8_t> extension) {
  // u16 list length, then one entry: u8 type, u16 length, name. More than one entry has never been defined.
  constexpr std::size_t list_header_bytes = 2;
  constexpr std::size_t entry_header_bytes = 3;
  if (extension.size() < list_header_bytes + entry_header_bytes) return {};
  if (read_u16(extension) != extension.size() - list_header_bytes) return {};
  const auto entry = extension.subspan(list_header_bytes);
  if (entry[0] != name_type_host || read_u16(entry.subspan(1)) != entry.size() - entry_header_bytes)
    return {};
  const auto name = entry.subspan(entry_header_bytes);
  if (name.size() > server_name_bytes_max || std::find(name.begin(), name.end(), 0) != name.end()) return {};
  return {reinterpret_cast<const char*>(name.data()), name.size()};
}

void NameTable::add(std::string_view name, std::size_t certificate) {
  const bool wildcard = name.starts_with("*.");
  if (wildcard) name.remove_prefix(2);
  if (name.empty() || name.find('*') != std::string_view::npos) return;
  (wildcard ? wildcard_ : exact_).try_emplace(lower_case(name), certificate);
}

std::optional<std::size_t> NameTable::find(std::string_view host) const {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::array<char, server_name_bytes_max> buffer;
  if (host.empty() || host.size() > buffer.size()) return std::nullopt;
  std::transform(host.begin(), host.end(), buffer.begin(), [](char c) { return lower_case(c); });
  const std::string_view name(buffer.data(), host.size());
  if (const auto found = exact_.find(name); found != exact_.end()) return found->second;
  const std::size_t dot = name.find('.');
  if (dot == 0 || dot == std::string_view::npos) return std::nullopt;
  if (const auto found = wildcard_.find(name.substr(dot + 1)); found != wildcard_.end()) return found->second;
  return std::nullopt;
}

}  // namespace weir::tls
