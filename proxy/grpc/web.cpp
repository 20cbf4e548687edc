#include "grpc/web.hpp"

#include <array>
#include <cstring>

#include "grpc/message.hpp"
#include "http/field_lines.hpp"
#include "http/text.hpp"

namespace weir::grpc {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char pad = '=';
constexpr unsigned no_symbol = 0xff;  // beyond the six bits that a symbol has

constexpr auto values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_symbol);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

constexpr unsigned value_of(char symbol) {
  return values[static_cast<unsigned char>(symbol)];
}

/// Decodes groups of four symbols without padding, as many as there are, and takes them off `run`.
char* decode_groups(std::string_view& run, char* at) {
  std::size_t i = 0;
  for (; i + 4 <= run.size(); i += 4) {
    const unsigned a = value_of(run[i]), b = value_of(run[i + 1]);
    const unsigned c = value_of(run[i + 2]), d = value_of(run[i + 3]);
    if (((a | b | c | d) & 0xc0) != 0) break;
    *at++ = static_cast<char>(a << 2 | b >> 4);
    *at++ = static_cast<char>(b << 4 | c >> 2);
    *at++ = static_cast<char>(c << 6 | d);
  }
  run.remove_prefix(i);
  return at;
}

Error malformed(const char* what) {
  return client_error(ErrorKind::malformed_request, what);
}

constexpr std::size_t group_bytes = 3;    // become
constexpr std::size_t group_symbols = 4;  // of these

/// The symbols of up to three bytes, at least one.
void put_group(std::string_view bytes, char* at) {
  const auto byte = [&](std::size_t i) {
    return i < bytes.size() ? unsigned{static_cast<unsigned char>(bytes[i])} : 0u;
  };
  at[0] = alphabet[byte(0) >> 2];
  at[1] = alphabet[(byte(0) & 3) << 4 | byte(1) >> 4];
  at[2] = bytes.size() > 1 ? alphabet[(byte(1) & 15) << 2 | byte(2) >> 6] : pad;
  at[3] = bytes.size() > 2 ? alphabet[byte(2) & 63] : pad;
}

}  // namespace

bool RequestDecoder::take(char symbol, char*& at) {
  if (symbol == pad) {
    // One or two of them end a group, and the bits that make no byte are zero (RFC 4648 3.5).
    if (symbols_ < 2 || held_ != 0) return false;
    ++padding_;
  } else {
    const unsigned value = value_of(symbol);
    if (value == no_symbol || padding_ > 0) return false;
    // The bits that are held are the first of a byte; those that this symbol has beyond it are held next.
    const unsigned left = 6 - 2u * symbols_;
    if (symbols_ > 0) *at++ = static_cast<char>(unsigned{held_} << 2u * symbols_ | value >> left);
    held_ = static_cast<std::uint8_t>(value & ((1u << left) - 1));
  }
  symbols_ = static_cast<std::uint8_t>((symbols_ + 1u) % 4);
  if (symbols_ == 0) padding_ = 0;
  return true;
}

Result<std::size_t> RequestDecoder::decode(std::string_view run, char* out) {
  if (kind_ == Web::binary) {
    if (!run.empty()) std::memmove(out, run.data(), run.size());
    return run.size();
  }
  char* at = out;
  while (!run.empty()) {
    if (symbols_ == 0) at = decode_groups(run, at);
    if (run.empty()) break;
    const char symbol = run.front();
    run.remove_prefix(1);
    if (!take(symbol, at)) return malformed("the body is not base64");
  }
  return static_cast<std::size_t>(at - out);
}

Result<void> RequestDecoder::finish() const {
  if (symbols_ != 0) return malformed("the body stops within a group of base64");
  return {};
}

void ResponseEncoder::encode(std::string_view run, std::string& out) {
  if (kind_ == Web::binary) {
    out += run;
    return;
  }
  std::size_t size = out.size();
  out.resize(size + (held_bytes_ + run.size()) / group_bytes * group_symbols);
  const auto put = [&](std::string_view group) {
    put_group(group, out.data() + size);
    size += group_symbols;
  };
  while (held_bytes_ > 0 && !run.empty()) {
    hold(run.front());
    run.remove_prefix(1);
    if (held_bytes_ < group_bytes) continue;
    put({held_.data(), group_bytes});
    held_bytes_ = 0;
  }
  for (; run.size() >= group_bytes; run.remove_prefix(group_bytes)) put(run.substr(0, group_bytes));
  for (const char c : run) hold(c);
}

void ResponseEncoder::flush(std::string& out) {
  if (held_bytes_ == 0) return;
  char group[group_symbols];
  put_group({held_.data(), held_bytes_}, group);
  out.append(group, sizeof group);
  held_bytes_ = 0;
}

void ResponseEncoder::finish(std::string_view lines, std::string& out) {
  std::string block;
  http::for_each_field_line(lines, [&](const http::Field& field) {
    for (const char c : field.name) block.push_back(http::to_lower(c));
    block.append(":").append(http::trim_ows(field.value)).append("\r\n");
  });
  if (!block.empty()) {
    const auto prefix = message_prefix(web_trailers, static_cast<std::uint32_t>(block.size()));
    encode({prefix.data(), prefix.size()}, out);
    encode(block, out);
  }
  flush(out);
}

}  // namespace weir::grpc
