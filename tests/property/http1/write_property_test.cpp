// Whatever a peer sends that the strict reader lets in, what the writers make of it is again one strict head: read
// back, it holds exactly the fields that should pass, once, and nothing of the peer's is structure.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/rng.hpp"
#include "http/field_role.hpp"
#include "http/forwarded.hpp"
#include "http/text.hpp"
#include "http1/write.hpp"
#include "unit/http1/parsed.hpp"

namespace weir::http1 {
namespace {

using namespace http;
using test::Lines;

constexpr int rounds = 20'000;

/// Names in many spellings: ours, one-hop ones, aliases, ordinary and unheard-of ones.
constexpr std::string_view names[] = {"Accept",
                                      "user-agent",
                                      "COOKIE",
                                      "X-Custom",
                                      "x_custom",
                                      "X-Forwarded-For",
                                      "x-forwarded-proto",
                                      "X_Forwarded_For",
                                      "X-Real-IP",
                                      "Forwarded",
                                      "X-Request-Id",
                                      "traceparent",
                                      "tracestate",
                                      "Via",
                                      "TE",
                                      "Trailer",
                                      "Keep-Alive",
                                      "Proxy-Connection",
                                      "Proxy-Authorization",
                                      "Proxy",
                                      "Upgrade",
                                      "Date",
                                      "Server",
                                      "X-Frame-Options",
                                      "x-powered-by",
                                      "Content_Length",
                                      "X-Hop",
                                      "X-Request-ID",
                                      "!#$%&'*+-.^_`|~0"};

std::string random_value(Rng& rng) {
  static constexpr std::string_view alphabet = "ab: ;,=\t\"\\/%\x80\xff{}<>\r\n";
  std::string value;
  // CR and LF would be refused on the way in: all but the last two.
  for (std::uint64_t n = rng() % 12; n > 0; --n) value += alphabet[rng() % (alphabet.size() - 2)];
  return std::string(trim_ows(value));
}

Lines random_fields(Rng& rng) {
  Lines lines;
  for (std::uint64_t n = rng() % 12; n > 0; --n) {
    const std::string_view name = names[rng() % std::size(names)];
    // The reader wants lists of tokens in these.
    const bool strict = name == "Upgrade" || name == "Proxy-Connection" || name == "TE";
    lines.emplace_back(name, strict ? "trailers" : random_value(rng));
  }
  if (rng() % 3 == 0) lines.emplace_back("Connection", rng() % 2 ? "X-Hop" : "keep-alive, x-hop, TE");
  return lines;
}

/// With whatever spaces may be around values; most of the time as it is usually written.
std::string text_of(std::string start, const Lines& lines, Rng& rng) {
  static constexpr std::string_view before[] = {": ", ": ", ": ", ":", ":  ", ":\t"};
  static constexpr std::string_view after[] = {"", "", "", " ", "\t "};
  for (const auto& [name, value] : lines) {
    start.append(name).append(before[rng() % std::size(before)]).append(value);
    start.append(after[rng() % std::size(after)]).append("\r\n");
  }
  return start;
}

CompiledFields policy() {
  CompiledFields fields;
  fields.set("X-Frame-Options", "DENY");
  fields.drop("X-Powered-By");
  fields.drop("Server");
  return fields;
}

bool named_by_connection(const std::vector<std::string_view>& tokens, std::string_view name) {
  return std::ranges::any_of(tokens, [&](std::string_view token) { return iequals(token, name); });
}

/// What of `received` must come out, in order, before anything that Weir adds.
template <class Passes>
Lines expected_lines(const std::vector<Field>& received, const CompiledFields& rules, const Passes& passes) {
  Lines lines;
  for (const Field& field : received) {
    if (passes(field) && !rules.drops(field)) lines.emplace_back(field.name, field.value);
  }
  return lines;
}

std::string via_of(const std::vector<Field>& received) {
  std::string via;
  for (const Field& field : received) {
    if (field.id == FieldId::via && !field.value.empty()) via += std::string(field.value) + ", ";
  }
  return via + "1.1 weir";
}

Framing random_framing(Rng& rng) {
  switch (rng() % 3) {
    case 0:
      return {};
    case 1:
      return {BodyKind::length, rng() >> (1 + rng() % 60)};
    default:
      return {BodyKind::chunked, 0};
  }
}

void add_framing(Lines& lines, const Framing& framing) {
  if (framing.kind == BodyKind::length) lines.emplace_back("Content-Length", std::to_string(framing.length));
  if (framing.kind == BodyKind::chunked) lines.emplace_back("Transfer-Encoding", "chunked");
}

TEST(WriteProperty, RequestsReadBackFieldByField) {
  Rng rng(31);
  const CompiledFields rules = policy();
  std::string out;
  for (int round = 0; round < rounds; ++round) {
    const auto in =
        test::parsed_request(text_of("DELETE /p?q HTTP/1.1\r\nHost: h.example\r\n", random_fields(rng), rng));
    ASSERT_FALSE(::testing::Test::HasFailure()) << "round " << round;
    ForwardedFacts facts;
    const std::vector<Cidr> trusted{*Cidr::parse("10.0.0.0/8")};
    evaluate_forwarded(in.head, *IpAddress::parse(rng() % 2 ? "10.0.0.1" : "9.9.9.9"), true, "443", trusted,
                       facts);
    const bool keep_tracestate = rng() % 2;
    const Forwarding forwarding{.client_ip = "9.9.9.9",
                                .forwarded_for = facts.forwarded_for,
                                .proto = facts.proto,
                                .host = facts.host,
                                .port = facts.port,
                                .client_cert = {},
                                .request_id = "id",
                                .traceparent = {},
                                .keep_tracestate = keep_tracestate};
    const Framing body = random_framing(rng);
    out.clear();
    write_request_head(out, in.head, "/p?q", body, forwarding, rules, false);
    RequestHead piecewise = in.head;
    for (Field& field : piecewise.fields) field.verbatim = false;
    std::string copied;
    write_request_head(copied, piecewise, "/p?q", body, forwarding, rules, false);
    ASSERT_EQ(out, copied) << "lines that are copied whole";

    Lines expected{{"Host", "h.example"}};
    const Lines passed = expected_lines(in.head.fields, rules, [&](const Field& field) {
      const FieldRole role = role_of(field);
      if (named_by_connection(in.head.connection_tokens, field.name) || is_alias(field.name)) return false;
      return role == FieldRole::end_to_end || role == FieldRole::date ||
             (role == FieldRole::trailer && body.kind == BodyKind::chunked) ||
             (role == FieldRole::tracestate && keep_tracestate);
    });
    expected.insert(expected.end(), passed.begin(), passed.end());
    expected.insert(expected.end(), {{"X-Forwarded-For", facts.forwarded_for},
                                     {"X-Real-IP", "9.9.9.9"},
                                     {"X-Forwarded-Proto", std::string(facts.proto)},
                                     {"X-Forwarded-Host", std::string(facts.host)},
                                     {"X-Forwarded-Port", std::string(facts.port)},
                                     {"X-Request-Id", "id"},
                                     {"Via", via_of(in.head.fields)}});
    if (in.head.accepts_trailers) expected.insert(expected.end(), {{"Connection", "TE"}, {"TE", "trailers"}});
    add_framing(expected, body);
    expected.emplace_back("X-Frame-Options", "DENY");

    RequestHead back;
    std::size_t scanned = 0;
    const auto complete = parse_request_head(out, {}, scanned, back);
    ASSERT_TRUE(complete && *complete) << out;
    ASSERT_EQ(back.bytes, out.size()) << out;
    ASSERT_EQ(test::lines_of(back.fields), expected) << *in.bytes << "\n" << out;
    ASSERT_EQ(back.target, "/p?q");
    ASSERT_EQ(back.body.kind, body.kind);
    ASSERT_EQ(back.body.length, body.length);
  }
}

TEST(WriteProperty, ResponsesReadBackFieldByField) {
  Rng rng(32);
  const CompiledFields rules = policy();
  std::string out;
  for (int round = 0; round < rounds; ++round) {
    const auto in = test::parsed_response(
        text_of("HTTP/1.1 299 so so\r\nContent-Length: 1\r\n", random_fields(rng), rng));
    ASSERT_FALSE(::testing::Test::HasFailure()) << "round " << round;
    ResponseOptions options;
    options.policy = &rules;
    options.request_id = "id";
    options.body = random_framing(rng);
    if (options.body.kind == BodyKind::none) options.body.kind = BodyKind::until_close;
    out.clear();
    write_response_head(out, in.head, options, "now");

    bool dated = false;
    Lines expected = expected_lines(in.head.fields, rules, [&](const Field& field) {
      const FieldRole role = role_of(field);
      if (is_hop_by_hop(field, in.head.connection_tokens) || role == FieldRole::via) return false;
      dated = dated || role == FieldRole::date;
      return role != FieldRole::request_id &&
             (role != FieldRole::trailer || options.body.kind == BodyKind::chunked);
    });
    if (!dated) expected.emplace_back("Date", "now");
    expected.emplace_back("Via", via_of(in.head.fields));
    expected.emplace_back("X-Request-Id", "id");
    add_framing(expected, options.body);
    if (options.body.kind == BodyKind::until_close) expected.emplace_back("Connection", "close");
    expected.emplace_back("X-Frame-Options", "DENY");

    ResponseHead back;
    std::size_t scanned = 0;
    const auto complete = parse_response_head(out, {}, Method::get, false, scanned, back);
    ASSERT_TRUE(complete && *complete) << out;
    ASSERT_EQ(back.bytes, out.size()) << out;
    ASSERT_EQ(test::lines_of(back.fields), expected) << *in.bytes << "\n" << out;
    ASSERT_EQ(back.body.kind, options.body.kind);
  }
}

}  // namespace
}  // namespace weir::http1
