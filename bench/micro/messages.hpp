// The messages that the benchmarks read and write: what curl, a browser and a plain JSON API send.
#pragma once

#include <string_view>

namespace weir::bench {

inline constexpr std::string_view api_request =
    "GET /api/v1/items/4711?fields=name,price HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "User-Agent: curl/7.88.1\r\n"
    "Accept: application/json\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

inline constexpr std::string_view browser_request =
    "GET /static/app.9f8e7d.js HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Referer: https://www.example.com/\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n"
    "If-None-Match: \"9f8e7d6c\"\r\n"
    "\r\n";

inline constexpr std::string_view post_request =
    "POST /api/v1/items HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "User-Agent: curl/7.88.1\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 4711\r\n"
    "\r\n";

inline constexpr std::string_view api_response =
    "HTTP/1.1 200 OK\r\n"
    "Server: app\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 128\r\n"
    "Cache-Control: private, max-age=0\r\n"
    "X-Powered-By: app/1.0\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

}  // namespace weir::bench
