#include "config/scalars.hpp"

#include <algorithm>
#include <charconv>

#include "config/suggest.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

/// The text of a scalar; other kinds are reported.
std::optional<std::string_view> scalar(const Field& field, const std::string& remedy) {
  if (field.node.is_scalar()) return field.node.text;
  field.report_kind("a single value", remedy);
  return std::nullopt;
}

/// The block that `address` (with host bits) belongs to, as text.
std::optional<std::string> masked_cidr(std::string_view text) {
  const auto slash = text.find('/');
  const auto ip = slash == text.npos ? std::nullopt : IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  unsigned bits = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data() + slash + 1, end, bits);
  if (ec != std::errc{} || stop != end || bits > (ip->v6 ? 128U : 32U)) return std::nullopt;
  Cidr block{*ip, static_cast<std::uint8_t>(bits)};
  for (unsigned bit = bits; bit < 128; ++bit) {
    block.network.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return block.to_string();
}

}  // namespace

std::optional<std::string> parse_text(const Field& field) {
  const auto text = scalar(field, "write text");
  if (!text) return std::nullopt;
  const bool clean = std::none_of(text->begin(), text->end(),
                                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (clean) return std::string(*text);
  field.report("has control characters", "write one line of plain text");  // not shown: it may be a secret
  return std::nullopt;
}

std::optional<std::string> parse_filled_text(const Field& field) {
  auto text = parse_text(field);
  if (!text || !text->empty()) return text;
  field.report("is empty", "write a value, or remove it");
  return std::nullopt;
}

std::optional<bool> parse_truth(const Field& field) {
  const auto text = scalar(field, "write true or false");
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  field.report(quote(*text) + " is not true or false", "write true or false");
  return std::nullopt;
}

std::optional<std::uint64_t> parse_number_between(const Field& field, std::uint64_t min, std::uint64_t max) {
  const std::string remedy =
      "write a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  const auto text = scalar(field, remedy);
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, ec] = std::from_chars(text->data(), end, value);
  const bool is_number = stop == end && ec != std::errc::invalid_argument;
  if (is_number && ec == std::errc{} && value >= min && value <= max) return value;
  field.report(quote(*text) + (is_number ? " is out of range" : " is not a whole number"), remedy);
  return std::nullopt;
}

std::optional<std::uint64_t> parse_size_between(const Field& field, std::uint64_t min, std::uint64_t max) {
  const std::string remedy = "write bytes, KiB, MiB or GiB, such as 16KiB";
  const auto text = scalar(field, remedy);
  if (!text) return std::nullopt;
  const auto value = parse_size(*text);
  if (!value) {
    field.report(quote(*text) + " is not a size", remedy);
    return std::nullopt;
  }
  if (*value >= min && *value <= max) return value;
  field.report(quote(*text) + " is out of range",
               "write a size from " + format_size(min) + " to " + format_size(max));
  return std::nullopt;
}

std::optional<Milliseconds> parse_any_duration(const Field& field) {
  const std::string remedy = "write a number with ms, s, m, h or d, such as 30s";
  const auto text = scalar(field, remedy);
  if (!text) return std::nullopt;
  const auto value = parse_duration(*text);
  if (!value) field.report(quote(*text) + " is not a duration", remedy);
  return value;
}

std::optional<Milliseconds> parse_positive_duration(const Field& field) {
  const auto value = parse_any_duration(field);
  if (!value || value->count() > 0) return value;
  field.report("must be above 0", "write a duration such as 30s");
  return std::nullopt;
}

std::optional<SocketAddress> parse_listen_address(const Field& field) {
  const std::string remedy = "write IP:PORT, such as 0.0.0.0:8080 or [::]:8080";
  const auto text = scalar(field, remedy);
  if (!text) return std::nullopt;
  const auto address = SocketAddress::parse(*text);
  if (!address) field.report(quote(*text) + " is not an address to listen on", remedy);
  return address;
}

std::optional<Cidr> parse_cidr(const Field& field) {
  const std::string remedy = "write an address block, such as 10.0.0.0/8 or 2001:db8::/32";
  const auto text = scalar(field, remedy);
  if (!text) return std::nullopt;
  const auto cidr = Cidr::parse(*text);
  if (cidr) return cidr;
  const auto masked = masked_cidr(*text);
  if (masked && Cidr::parse(*masked)) {
    field.report(quote(*text) + " has bits set behind its prefix", "did you mean " + quote(*masked) + "?");
  } else {
    field.report(quote(*text) + " is not an address block", remedy);
  }
  return std::nullopt;
}

bool is_header_name(std::string_view text) {
  return http::is_token(text) && text.size() <= header_name_bytes_max;
}

std::optional<std::string> parse_header_name(const Field& field) {
  const auto text = scalar(field, "write a header name, such as X-Powered-By");
  if (!text) return std::nullopt;
  if (http::is_token(*text)) return std::string(*text);
  field.report(quote(*text) + " is not a header name", "write letters, digits and '-', such as X-Powered-By");
  return std::nullopt;
}

std::optional<std::string> parse_header_value(const Field& field) {
  const auto text = scalar(field, "write text");
  if (!text) return std::nullopt;
  if (http::is_field_value(*text) && http::trim_ows(*text) == *text) return std::string(*text);
  field.report("is not a header value",  // not shown: it may be a secret
               "write one line without control characters or blanks around it");
  return std::nullopt;
}

std::optional<int> parse_redirect_status(const Field& field) {
  const std::string remedy = "write 301, 302, 303, 307 or 308";
  const auto text = scalar(field, remedy);
  if (!text) return std::nullopt;
  for (const int status : {301, 302, 303, 307, 308}) {
    if (*text == std::to_string(status)) return status;
  }
  field.report(quote(*text) + " is not a status of redirects", remedy);
  return std::nullopt;
}

void report_choice(const Field& field, const std::vector<std::string_view>& names) {
  const std::string all = "write " + list_names(names);
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", all);
    return;
  }
  field.report(quote(field.node.text) + " is not known here", did_you_mean(field.node.text, names, all));
}

}  // namespace weir::config
