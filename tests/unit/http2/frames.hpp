// Frames of HTTP/2 for tests, written byte by byte as RFC 9113 has them, and turned into text to compare. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http2/frame.hpp"

namespace weir::http2 {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Literals without indexing; names and values below 127 bytes.
std::string block(const Fields& fields);
/// GET / of https://a.example.
std::string get_block();
std::string post_block(const Fields& more = {});

std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {});
/// With END_HEADERS.
std::string headers(std::uint32_t stream, std::string_view block, bool end_stream);
std::string data(std::uint32_t stream, std::string_view payload, bool end_stream = false);
/// The payload with its pad length before it and as many zeros after it.
std::string padded(std::string_view payload, std::uint8_t padding);
std::string settings(std::initializer_list<std::pair<Setting, std::uint32_t>> entries);
std::string window_update(std::uint32_t stream, std::uint32_t bytes);
std::string rst_stream(std::uint32_t stream, ErrorCode code = ErrorCode::cancel);
std::string u32(std::uint32_t value);

/// What frames say, a line each: `RST_STREAM 1 PROTOCOL_ERROR`.
std::string to_text(std::string_view frames);

}  // namespace weir::http2
