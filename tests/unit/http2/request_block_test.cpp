#include "http2/request_block.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "unit/http2/hpack_text.hpp"

namespace weir::http2 {
namespace {

std::string read(std::string_view block) {
  HpackDecoder decoder;
  return decoded(decoder, block);
}

/// What the block for `lines` says, to which the empty line is added.
std::string written(const std::string& lines, const RequestBlockOptions& options = {}) {
  std::string out = "before|";
  write_request_block(out, lines + "\r\n", options);
  EXPECT_TRUE(out.starts_with("before|"));
  return read(std::string_view(out).substr(7));
}

const std::string get_line = "GET / HTTP/1.1\r\nHost: h\r\n";
const std::string get_block = ":method: GET\n:scheme: https\n:authority: h\n:path: /\n";

TEST(RequestBlock, AWholeHead) {
  EXPECT_EQ(written("POST /a?b=c%20d HTTP/1.1\r\nHost: api.example:8443\r\nUser-Agent: curl/8\r\n"
                    "Accept: */*\r\nCookie: a=1; b=2\r\nX-Custom-Name: Value, As It Is\r\n"
                    "X-Forwarded-For: 10.0.0.1\r\nX-Request-Id: id-1\r\ntraceparent: 00-1-2-01\r\n"
                    "Via: 1.1 weir\r\nContent-Length: 12\r\nX-By-Policy:\r\n"),
            ":method: POST\n:scheme: https\n:authority: api.example:8443\n:path: /a?b=c%20d\n"
            "user-agent: curl/8\naccept: */*\ncookie: a=1; b=2\nx-custom-name: Value, As It Is\n"
            "x-forwarded-for: 10.0.0.1\nx-request-id: id-1\ntraceparent: 00-1-2-01\nvia: 1.1 weir\n"
            "content-length: 12\nx-by-policy: \n");
}

TEST(RequestBlock, AMarkedLineIsNeverIndexed) {
  const std::string lines = get_line +
                            "x-api-key:\tsecret\r\nAccept:\t*/*\r\nx-plain: \tv\r\nx-empty:\t\r\n" +
                            std::string(40, 'X') + ":\tlong\r\n";
  std::string block;
  write_request_block(block, lines + "\r\n", {});
  HpackDecoder decoder;
  std::string marked;
  const auto sink = [&](const FieldLine& line) {
    if (line.never_indexed) marked.append(line.name).append("=").append(line.value).append(" ");
  };
  EXPECT_EQ(decoder.decode(block, true, sink), HpackDecoder::Outcome::ok);
  EXPECT_EQ(marked, "x-api-key=secret accept=*/* x-empty= " + std::string(40, 'x') + "=long ");
}

TEST(RequestBlock, TheSchemeIsThatOfTheConnection) {
  EXPECT_EQ(written(get_line, {.scheme = "http"}), ":method: GET\n:scheme: http\n:authority: h\n:path: /\n");
}

TEST(RequestBlock, NothingOfAnHttp1ConnectionPasses) {
  EXPECT_EQ(
      written(get_line + "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
                         "Transfer-Encoding: chunked\r\nUpgrade: websocket\r\nHTTP2-Settings: AAAA\r\n"
                         "CONNECTION: close\r\nproxy-connection: close\r\nA: b\r\n"),
      get_block + "a: b\n");
  EXPECT_EQ(written(get_line + "Proxy-Connectiom: 1\r\nHTTP2-Settingz: 2\r\nSec-WebSocket-Keg: 3\r\n"),
            get_block + "proxy-connectiom: 1\nhttp2-settingz: 2\nsec-websocket-keg: 3\n")
      << "names that are as long as those that do not pass";
}

TEST(RequestBlock, TeSaysTrailersOrNothing) {
  EXPECT_EQ(written(get_line + "Connection: TE\r\nTE: trailers\r\n"), get_block + "te: trailers\n");
  EXPECT_EQ(written(get_line + "TE: gzip;q=0.5, Trailers\r\n"), get_block + "te: trailers\n");
  EXPECT_EQ(written(get_line + "TE: gzip\r\n"), get_block);
  EXPECT_EQ(written(get_line + "TE:\r\n"), get_block);
}

TEST(RequestBlock, HostIsTheAuthorityWhereverItStands) {
  EXPECT_EQ(written("GET /x HTTP/1.1\r\nAccept: a\r\nX: y\r\nhOST:   late \t\r\n"),
            ":method: GET\n:scheme: https\n:authority: late\n:path: /x\naccept: a\nx: y\n");
  EXPECT_EQ(written("GET /x HTTP/1.1\r\nAccept: a\r\n"),
            ":method: GET\n:scheme: https\n:path: /x\naccept: a\n");
  EXPECT_EQ(written("GET /x HTTP/1.1\r\nHost: \r\n"), ":method: GET\n:scheme: https\n:path: /x\n");
  EXPECT_EQ(written("GET /x HTTP/1.1\r\n"), ":method: GET\n:scheme: https\n:path: /x\n");
}

TEST(RequestBlock, AnAsteriskIsAPath) {
  EXPECT_EQ(written("OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 3\r\n"),
            ":method: OPTIONS\n:scheme: https\n:authority: h\n:path: *\nmax-forwards: 3\n");
}

TEST(RequestBlock, WhitespaceAroundAValueDoesNotPass) {
  EXPECT_EQ(written(get_line + "A:b\r\nC: \t d e \t\r\nF:\r\nG: \t \r\nH: i: j\r\n"),
            get_block + "a: b\nc: d e\nf: \ng: \nh: i: j\n");
}

TEST(RequestBlock, ATunnelIsAnExtendedConnect) {
  const std::string head =
      "GET /chat?room=1 HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\nOrigin: https://h\r\n"
      "Connection: upgrade\r\nUpgrade: websocket\r\n";
  const std::string rest = "sec-websocket-version: 13\nsec-websocket-protocol: chat\norigin: https://h\n";
  EXPECT_EQ(
      written(head, {.tunnel = true}),
      ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:authority: h\n:path: /chat?room=1\n" + rest);
  EXPECT_EQ(written(head),
            ":method: GET\n:scheme: https\n:authority: h\n:path: /chat?room=1\n"
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\n" +
                rest);
}

TEST(RequestBlock, LongHeads) {
  const std::string name(300, 'N'), value(30'000, 'v');
  EXPECT_EQ(written("GET /" + value + " HTTP/1.1\r\nHost: h\r\n" + name + ": " + value + "\r\nB: c\r\n"),
            ":method: GET\n:scheme: https\n:authority: h\n:path: /" + value + "\n" + std::string(300, 'n') +
                ": " + value + "\nb: c\n");
  std::string lines, expected;
  for (int i = 0; i < 300; ++i) {
    lines += "X-" + std::to_string(i) + ": y\r\n";
    expected += "x-" + std::to_string(i) + ": y\n";
  }
  EXPECT_EQ(written(get_line + lines), get_block + expected);
}

TEST(RequestBlock, CredentialsAreNeverIndexed) {
  std::string out;
  write_request_block(out, get_line + "Authorization: b\r\nCookie: c\r\nAccept: d\r\n\r\n", {});
  EXPECT_TRUE(out.ends_with(from_hex("1f08 0162 1f11 0163 0f04 0164"))) << to_hex(out);
}

}  // namespace
}  // namespace weir::http2
