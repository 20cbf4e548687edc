#include "http/uri.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "http/text.hpp"

namespace weir::http {
namespace {

Error refusal(const char* what) {
  return client_error(ErrorKind::malformed_request, what);
}

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return to_lower(c) - 'a' + 10;
}

constexpr char upper_hex(unsigned nibble) {
  return "0123456789ABCDEF"[nibble & 15u];
}

/// The byte that the `%XX` at the start of `text` stands for; nothing where it is broken.
std::optional<std::uint8_t> decode_triplet(std::string_view text) {
  if (text.size() < 3 || !is(text[1], char_class::hex) || !is(text[2], char_class::hex)) return std::nullopt;
  return static_cast<std::uint8_t>(hex_value(text[1]) * 16 + hex_value(text[2]));
}

/// Encoded bytes that different endpoints read differently: they may not pass a rule, encoded or not.
constexpr bool is_treacherous(std::uint8_t byte) {
  return byte == 0 || byte == '\\';
}

/// `.` or `..`, which may carry parameters: some servers cut `;x` off before they resolve dot segments.
constexpr std::size_t dots_before_end(std::string_view segment) {
  std::size_t dots = 0;
  while (dots < 2 && dots < segment.size() && segment[dots] == '.') ++dots;
  const bool ends = dots == segment.size() || segment[dots] == '/' || segment[dots] == ';';
  return ends ? dots : 0;
}

/// Appends `segment` (no slash inside) decoded as far as it may be.
Result<void> append_segment(std::string_view segment, std::string& out) {
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const char c = segment[i];
    if (c == '\\') return refusal("backslash in the path");
    if (!is(c, char_class::visible)) return refusal("control or non-ASCII byte in the path");
    if (c != '%') {
      out.push_back(c);
      continue;
    }
    const auto byte = decode_triplet(segment.substr(i));
    if (!byte) return refusal("broken percent-encoding in the path");
    if (is_treacherous(*byte)) return refusal("encoded backslash or NUL in the path");
    if (is(static_cast<char>(*byte), char_class::unreserved)) {
      out.push_back(static_cast<char>(*byte));
    } else {
      out.push_back('%');
      out.push_back(upper_hex(*byte / 16u));
      out.push_back(upper_hex(*byte));
    }
    i += 2;
  }
  return {};
}

/// `out` ends with a slash: drops the segment before it.
bool drop_last_segment(std::string& out) {
  if (out.size() == 1) return false;
  out.pop_back();
  out.resize(out.rfind('/') + 1);
  return true;
}

/// 1 or 2 where the whole segment is `.` or `..`, each dot plain or encoded; else 0.
std::size_t encoded_dots(std::string_view segment) {
  std::size_t dots = 0;
  while (!segment.empty()) {
    if (segment.front() == '.') {
      segment.remove_prefix(1);
    } else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' && to_lower(segment[2]) == 'e') {
      segment.remove_prefix(3);
    } else {
      return 0;
    }
    if (++dots > 2) return 0;
  }
  return dots;
}

/// Takes the segment that begins at `begin` of `out` back where it is empty, `.` or `..`. True: it was kept.
Result<bool> resolve_segment(std::string& out, std::size_t begin) {
  const std::string_view segment = std::string_view(out).substr(begin);
  if (segment.empty()) return false;
  const std::size_t dots = dots_before_end(segment);
  if (dots == 0) return true;
  if (dots != segment.size()) return refusal("dot segment with parameters in the path");
  out.resize(begin);
  if (dots == 2 && !drop_last_segment(out)) return refusal("path leaves its root");
  return false;
}

}  // namespace

Result<void> normalise_path(std::string_view path, std::string& out) {
  if (is_normalised(path)) {
    out.assign(path);
    return {};
  }
  if (path.empty() || path.front() != '/') return refusal("path does not begin with a slash");
  out.assign(1, '/');
  std::size_t at = 1;
  while (at <= path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::size_t begin = out.size();
    if (auto appended = append_segment(path.substr(at, end - at), out); !appended) return appended.error();
    const auto kept = resolve_segment(out, begin);
    if (!kept) return kept.error();
    if (*kept && end < path.size()) out.push_back('/');
    at = end + 1;
  }
  return {};
}

bool is_normalised(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (is(c, char_class::unreserved)) continue;
    if (c == '/') {
      const std::string_view rest = path.substr(i + 1);
      if (rest.empty()) return true;
      if (rest.front() == '/' || (rest.front() == '.' && dots_before_end(rest) > 0)) return false;
    } else if (c == '%') {
      const auto byte = decode_triplet(path.substr(i));
      if (!byte || is_treacherous(*byte) || is(static_cast<char>(*byte), char_class::unreserved))
        return false;
      if (path[i + 1] != upper_hex(*byte / 16u) || path[i + 2] != upper_hex(*byte)) return false;
      i += 2;
    } else if (c == '\\' || !is(c, char_class::visible)) {
      return false;
    }
  }
  return true;
}

bool resolve_dot_segments(std::string_view path, std::string& out) {
  // Where the last dot segment ends: everything behind it stays as it came.
  std::size_t tail = 0;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (encoded_dots(path.substr(at, end - at)) > 0) tail = std::min(end + 1, path.size());
    at = end + 1;
  }
  if (tail == 0) return false;
  out.assign(1, '/');
  for (std::size_t at = 1; at < tail;) {
    const std::size_t end = std::min(path.find('/', at), tail);
    const std::string_view segment = path.substr(at, end - at);
    const std::size_t dots = encoded_dots(segment);
    if (dots == 2) drop_last_segment(out);
    if (dots == 0 && !segment.empty()) out.append(segment).push_back('/');
    at = end + 1;
  }
  out.append(path.substr(tail));
  return true;
}

bool has_encoded_slash(std::string_view normalised) {
  return normalised.find('%') != normalised.npos && normalised.find("%2F") != normalised.npos;
}

Result<void> decode_slashes(std::string_view normalised, std::string& out) {
  std::string decoded;
  for (std::size_t at = 0; at < normalised.size();) {
    const std::size_t end = std::min(normalised.find("%2F", at), normalised.size());
    decoded.append(normalised.substr(at, end - at));
    if (end < normalised.size()) decoded.push_back('/');
    at = end + 3;
  }
  // A dot segment that decoding brings about is nothing but a way around a rule, and around a rewrite.
  if (resolve_dot_segments(decoded, out)) return refusal("dot segment behind an encoded slash");
  return normalise_path(decoded, out);
}

void normalise_host(std::string_view host, std::string& out) {
  assign_lower(out, host);
  if (!out.empty() && out.front() == '[') return;
  const std::size_t name_end = std::min(out.find(':'), out.size());
  std::size_t kept = name_end;
  while (kept > 0 && out[kept - 1] == '.') --kept;
  if (kept != name_end) out.erase(kept, name_end - kept);
}

}  // namespace weir::http
