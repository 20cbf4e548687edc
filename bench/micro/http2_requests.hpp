// Requests as header blocks of HTTP/2, as h2load and a browser send them.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <vector>

#include "http2/field_section.hpp"

namespace weir::bench {

using Lines = std::vector<http2::FieldLine>;

inline const Lines h2load_request = {{":method", "GET"},
                                     {":scheme", "https"},
                                     {":authority", "api.example.com"},
                                     {":path", "/api/v1/items/4711"},
                                     {"user-agent", "h2load nghttp2/1.52.0"}};

inline const Lines h2_browser_request = {
    {":method", "GET"},
    {":authority", "www.example.com"},
    {":scheme", "https"},
    {":path", "/static/app.9f8e7d.js"},
    {"sec-ch-ua", "\"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\""},
    {"sec-ch-ua-mobile", "?0"},
    {"sec-ch-ua-platform", "\"Linux\""},
    {"upgrade-insecure-requests", "1"},
    {"user-agent",
     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36"},
    {"accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
    {"sec-fetch-site", "same-origin"},
    {"sec-fetch-mode", "navigate"},
    {"sec-fetch-dest", "document"},
    {"referer", "https://www.example.com/"},
    {"accept-encoding", "gzip, deflate, br, zstd"},
    {"accept-language", "en-GB,en;q=0.9,de;q=0.8"},
    {"cookie", "session=0123456789abcdef0123456789abcdef"},
    {"cookie", "theme=dark"},
    {"cookie", "consent=yes"}};

/// As a client writes them: with its dynamic table and Huffman codes.
class HeaderBlocks {
 public:
  HeaderBlocks() { nghttp2_hd_deflate_new(&deflater_, 4096); }
  ~HeaderBlocks() { nghttp2_hd_deflate_del(deflater_); }
  HeaderBlocks(const HeaderBlocks&) = delete;
  HeaderBlocks& operator=(const HeaderBlocks&) = delete;

  std::string block(const Lines& lines) {
    std::vector<nghttp2_nv> fields;
    std::string text;
    for (const auto& [name, value] : lines) text.append(name).append(value);
    auto* at = reinterpret_cast<std::uint8_t*>(text.data());
    for (const auto& [name, value] : lines) {
      // Clients do not index paths: nearly every request has another.
      const std::uint8_t flags = name == ":path" ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
      fields.push_back({at, at + name.size(), name.size(), value.size(), flags});
      at += name.size() + value.size();
    }
    std::string block(nghttp2_hd_deflate_bound(deflater_, fields.data(), fields.size()), '\0');
    auto* out = reinterpret_cast<std::uint8_t*>(block.data());
    const auto bytes = nghttp2_hd_deflate_hd(deflater_, out, block.size(), fields.data(), fields.size());
    block.resize(bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
    return block;
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

}  // namespace weir::bench
