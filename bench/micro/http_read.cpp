// Reading: request and response heads, bodies, paths.
#include <string>

#include "http/forwarded.hpp"
#include "http/framing.hpp"
#include "http/uri.hpp"
#include "http1/chunked.hpp"
#include "http1/parse.hpp"
#include "measure.hpp"
#include "messages.hpp"

namespace weir::bench {
namespace {

void request_head(benchmark::State& state, std::string_view bytes) {
  http::RequestHead head;
  measure(state, [&] {
    std::size_t scanned = 0;
    const auto complete = http1::parse_request_head(bytes, {}, scanned, head);
    benchmark::DoNotOptimize(complete.has_value());
  });
  state.counters["fields"] = static_cast<double>(head.fields.size());
}
BENCHMARK_CAPTURE(request_head, api, api_request);
BENCHMARK_CAPTURE(request_head, browser, browser_request);

void request_head_in_two_pieces(benchmark::State& state) {
  http::RequestHead head;
  measure(state, [&] {
    std::size_t scanned = 0;
    auto complete = http1::parse_request_head(browser_request.substr(0, 300), {}, scanned, head);
    benchmark::DoNotOptimize(complete.has_value());
    complete = http1::parse_request_head(browser_request, {}, scanned, head);
    benchmark::DoNotOptimize(complete.has_value());
  });
}
BENCHMARK(request_head_in_two_pieces);

void response_head(benchmark::State& state) {
  http::ResponseHead head;
  measure(state, [&] {
    std::size_t scanned = 0;
    const auto complete =
        http1::parse_response_head(api_response, {}, http::Method::get, false, scanned, head);
    benchmark::DoNotOptimize(complete.has_value());
  });
}
BENCHMARK(response_head);

/// What the fields say about body and connection, gathered again from a head that was read.
void framing(benchmark::State& state, std::string_view bytes) {
  http::RequestHead head;
  std::size_t scanned = 0;
  if (!http1::parse_request_head(bytes, {}, scanned, head)) state.SkipWithError("not parsed");
  std::vector<std::string_view> tokens;
  measure(state, [&] {
    http::FieldFacts facts;
    tokens.clear();
    benchmark::DoNotOptimize(http::gather_facts(head.fields, tokens, facts));
    benchmark::DoNotOptimize(http::connection_persists(facts, 1));
  });
}
BENCHMARK_CAPTURE(framing, api, api_request);
BENCHMARK_CAPTURE(framing, browser, browser_request);
BENCHMARK_CAPTURE(framing, post, post_request);

void framing_of_chunks(benchmark::State& state) {
  const std::vector<http::Field> fields{{http::FieldId::transfer_encoding, "Transfer-Encoding", "chunked"}};
  measure(state, [&] { benchmark::DoNotOptimize(http::classify_transfer_encoding(fields)); });
}
BENCHMARK(framing_of_chunks);

/// 64 KiB in chunks of the size that the argument says.
void chunked_decode(benchmark::State& state) {
  constexpr std::size_t body_bytes = 64 * 1024;
  const auto chunk_bytes = static_cast<std::size_t>(state.range(0));
  std::string wire;
  for (std::size_t done = 0; done < body_bytes; done += chunk_bytes) {
    char size[20];
    wire.append(size, http1::write_chunk_size(chunk_bytes, size))
        .append(chunk_bytes, 'x')
        .append(http1::chunk_end);
  }
  wire.append(http1::last_chunk).append(http1::chunk_end);
  measure(state, [&] {
    http1::ChunkedDecoder decoder;
    std::string_view rest = wire;
    while (!decoder.finished()) {
      const auto step = decoder.decode(rest, Origin::upstream);
      rest.remove_prefix(step->consumed);
      benchmark::DoNotOptimize(step->data.data());
    }
  });
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(wire.size()));
}
BENCHMARK(chunked_decode)->Arg(128)->Arg(4096)->Arg(16384);

void normalise_path(benchmark::State& state, std::string_view path) {
  std::string out;
  measure(state, [&] {
    benchmark::DoNotOptimize(http::normalise_path(path, out).has_value());
    benchmark::ClobberMemory();
  });
}
BENCHMARK_CAPTURE(normalise_path, as_is, "/api/v1/items/4711");
BENCHMARK_CAPTURE(normalise_path, changed, "/api//v1/./items/%34711/../x%2d");

void forwarded(benchmark::State& state, std::string_view list) {
  const std::vector<Cidr> trusted{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("192.168.0.0/16")};
  const IpAddress peer = *IpAddress::parse(list.empty() ? "203.0.113.9" : "10.0.0.1");
  http::RequestHead head;
  head.authority = "api.example.com";
  head.fields = {{http::FieldId::user_agent, "User-Agent", "curl/7.88.1"},
                 {http::FieldId::accept, "Accept", "application/json"}};
  if (!list.empty()) head.fields.push_back({http::FieldId::unknown, "X-Forwarded-For", list});
  http::ForwardedFacts facts;
  measure(state, [&] {
    http::evaluate_forwarded(head, peer, true, "8443", trusted, facts);
    benchmark::DoNotOptimize(facts.forwarded_for.data());
  });
}
BENCHMARK_CAPTURE(forwarded, untrusted, "");
BENCHMARK_CAPTURE(forwarded, trusted, "198.51.100.7, 10.0.0.2");

}  // namespace
}  // namespace weir::bench
