#include "integration/wire_cases.hpp"

namespace weir::testing {
namespace {

using namespace std::string_literals;

std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}
std::string lengths(const std::string& value, const std::string& body = "hello") {
  return post("Content-Length: " + value + "\r\n", body);
}
std::string coded(const std::string& coding, const std::string& body) {
  return post("Transfer-Encoding: " + coding + "\r\n", body);
}

/// What a smuggler wants an endpoint to take for the next request.
const std::string evil = "GET /evil HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string chunk_then_evil = "0\r\n\r\n" + evil;

std::string length_seen(const std::string& body) {
  return seen("POST / HTTP/1.1", "", "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}
std::string chunked_seen(const std::string& data, const std::string& trailers = "") {
  return seen("POST / HTTP/1.1", "", "Transfer-Encoding: chunked\r\n\r\n{" + data + "}" + trailers);
}

WireCase chunks(const std::string& name, const std::string& body, const std::string& data,
                const std::string& trailers = "") {
  return passed(name, coded("chunked", body), chunked_seen(data, trailers));
}

WireCase bad_chunks(const std::string& name, const std::string& body) {
  return torn(name, coded("chunked", body));
}

}  // namespace

std::vector<WireCase> length_wire_cases() {
  return {
      passed("length", lengths("5"), length_seen("hello")),
      passed("length 0", lengths("0", ""), length_seen("")),
      passed("length with leading zeros is written anew", lengths("0005"), length_seen("hello")),
      passed("no length", post("", ""), length_seen("")),
      passed("body that looks like a request", lengths(std::to_string(evil.size()), evil), length_seen(evil)),
      passed("GET with a body", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
             seen("GET / HTTP/1.1", "", "Content-Length: 5\r\n\r\nhello")),

      refused("CL.CL, equal", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
      refused("CL.CL, different", post("Content-Length: 0\r\nContent-Length: 31\r\n", evil)),
      refused("CL.CL, names in other case", post("Content-Length: 5\r\ncontent-length: 6\r\n", "hello")),
      refused("CL list, equal", lengths("5, 5")),
      refused("CL list, different", lengths("5, 6")),
      refused("CL list with an empty member", lengths("5,")),
      refused("CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG")),
      refused("CL.TE, whole request behind",
              post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunk_then_evil)),
      refused("CL 0.TE", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", chunk_then_evil)),
      refused("length with plus", lengths("+5")),
      refused("length with minus", lengths("-5")),
      refused("length hexadecimal", lengths("0x5")),
      refused("length with a dot", lengths("5.0")),
      refused("length with a space inside", lengths("5 5")),
      refused("length with junk", lengths("5a")),
      refused("length quoted", lengths("\"5\"")),
      refused("length empty", lengths("")),
      refused("length past 2^63", lengths("9223372036854775808")),
      refused("length that wraps to 5", lengths("18446744073709551621")),
      refused("length of 40 digits", lengths(std::string(40, '9'))),
  };
}

std::vector<WireCase> coding_wire_cases() {
  return {
      chunks("chunked in other case", "5\r\nhello\r\n0\r\n\r\n", "hello"),
      passed("chunked with whitespace around", coded(" \tChunked \t", "5\r\nhello\r\n0\r\n\r\n"),
             chunked_seen("hello")),

      refused("TE.CL",
              post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "1f\r\n" + evil + "\r\n0\r\n\r\n")),
      refused("TE.CL with gzip", post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello")),
      refused("TE.CL with identity", post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello")),
      refused("TE.CL, empty coding", post("Transfer-Encoding:\r\nContent-Length: 5\r\n", "hello")),
      refused("TE.TE, equal",
              post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunk_then_evil)),
      refused("TE.TE, identity behind",
              post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunk_then_evil)),
      refused("TE.TE, identity before",
              post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", chunk_then_evil), 501),
      refused("TE.TE, names in other case",
              post("Transfer-Encoding: chunked\r\ntransfer-encoding: x\r\n", chunk_then_evil)),
      refused("TE chunked, identity", coded("chunked, identity", chunk_then_evil)),
      refused("TE chunked, chunked", coded("chunked, chunked", chunk_then_evil)),
      refused("TE chunked with an empty member", coded("chunked,", chunk_then_evil)),
      refused("TE chunked with a parameter", coded("chunked;a=b", chunk_then_evil)),
      refused("TE chunked quoted", coded("\"chunked\"", chunk_then_evil)),
      refused("TE chunked behind a vertical tab", coded("\vchunked", chunk_then_evil)),
      refused("TE chunked behind NUL", coded("\0chunked"s, chunk_then_evil)),
      refused("TE chunked before obs-text", coded("chunked\xa0", chunk_then_evil)),
      refused("TE empty", coded("", chunk_then_evil)),
      refused("TE gzip", coded("gzip", evil), 501),
      refused("TE identity", coded("identity", evil), 501),
      refused("TE gzip, chunked", coded("gzip, chunked", chunk_then_evil), 501),
      refused("TE xchunked", coded("xchunked", chunk_then_evil), 501),
      refused("TE on HTTP/1.0",
              "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk_then_evil),
      passed("Transfer_Encoding is no coding", post("Transfer_Encoding: chunked\r\n", ""), length_seen("")),
      passed("X-Transfer-Encoding is no coding", post("X-Transfer-Encoding: chunked\r\n", ""),
             seen("POST / HTTP/1.1", "X-Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n\r\n")),
  };
}

std::vector<WireCase> chunked_wire_cases() {
  const std::string good = "5\r\nhello\r\n0\r\n\r\n";
  return {
      chunks("chunked, empty", "0\r\n\r\n", ""),
      chunks("chunked, several chunks", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef"),
      chunks("chunk size in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
             "01234567890123456789"),
      chunks("chunk size of sixteen digits", "0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
      chunks("chunk that looks like a request", "1f\r\n" + evil + "\r\n0\r\n\r\n", evil),
      chunks("chunk that looks like the end", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
      chunks("chunk extension is dropped", "5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n", "hello"),
      chunks("chunk extension with whitespace", "5 ; a = b\r\nhello\r\n0\r\n\r\n", "hello"),
      chunks("trailers", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "hello", "X-Sum: 1\r\n"),
      chunks("trailers that may not come late",
             "0\r\nContent-Length: 5\r\nHost: evil\r\nX-Forwarded-For: 10.0.0.1\r\nTransfer-Encoding: "
             "x\r\nA: b\r\n\r\n",
             "", "A: b\r\n"),

      bad_chunks("chunk size with seventeen digits", "00000000000000005\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk size that wraps", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk size with plus", "+5\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk size with minus", "-5\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk size with a space before", " 5\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk size with a space behind", "5 \r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk size empty", "\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk size is a word", "five\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk size with NUL", "5\0\r\nhello\r\n0\r\n\r\n"s),
      bad_chunks("chunk size with an underscore", "0_5\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("bare LF behind a chunk size", "5\nhello\r\n0\r\n\r\n"),
      bad_chunks("bare CR behind a chunk size", "5\rhello\r\n0\r\n\r\n"),
      bad_chunks("bare LF behind chunk data", "5\r\nhello\n0\r\n\r\n"),
      bad_chunks("no line end behind chunk data", "5\r\nhello0\r\n\r\n"),
      bad_chunks("chunk longer than its size", "5\r\nhello!\r\n0\r\n\r\n"),
      bad_chunks("chunk shorter than its size", "6\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("bare LF behind the last chunk", "0\n\n"),
      bad_chunks("bare LF ends the body", "0\r\n\n"),
      bad_chunks("bare LF in a chunk extension", "5;a\nhello\r\n0\r\n\r\n"),
      bad_chunks("bare LF in a quoted chunk extension", "5;a=\"\n0\r\n\r\n" + evil),
      bad_chunks("bare CR in a chunk extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk extension of 257 bytes", "5;" + std::string(256, 'a') + "\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("chunk extension of 100 KiB",
                 "5;" + std::string(100 * 1024, 'a') + "\r\nhello\r\n0\r\n\r\n"),
      bad_chunks("trailer without a colon", "0\r\nA\r\n\r\n"),
      bad_chunks("trailer with a space before the colon", "0\r\nA : b\r\n\r\n"),
      bad_chunks("trailer folded", "0\r\nA: b\r\n c\r\n\r\n"),
      bad_chunks("trailer with bare LF", "0\r\nA: b\nC: d\r\n\r\n"),
      bad_chunks("trailer with NUL", "0\r\nA: \0\r\n\r\n"s),
      bad_chunks("request in the place of trailers", "0\r\n" + evil),
      bad_chunks("33 trailers",
                 [] {
                   std::string body = "0\r\n";
                   for (int i = 0; i < 33; ++i) body += "A: b\r\n";
                   return body + "\r\n";
                 }()),
      bad_chunks("trailers past 8 KiB", "0\r\nA: " + std::string(8 * 1024, 'b') + "\r\n\r\n"),
  };
}

}  // namespace weir::testing
