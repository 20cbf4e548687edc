#include <gtest/gtest.h>

#include <random>

#include "http/text.hpp"
#include "unit/http1/head_cases.hpp"

namespace weir::http1::testing {
namespace {

using namespace http;

constexpr std::size_t every_cut_bytes_max = 400;  // longer inputs are cut at random places
constexpr int random_cuts = 24;
constexpr unsigned seed = 20240917;

/// Offers `bytes` as they arrive when they come in pieces that end at `ends`, as a session does.
template <class Head, class Parse>
std::string verdict_in_pieces(std::string_view bytes, const std::vector<std::size_t>& ends, Parse parse) {
  Head head;
  std::size_t scanned = 0;
  for (const std::size_t end : ends) {
    const auto result = parse(bytes.substr(0, end), scanned, head);
    if (!result || *result) return describe(result, head);
  }
  const auto result = parse(bytes, scanned, head);
  return describe(result, head);
}

std::string request_in_pieces(std::string_view bytes, const std::vector<std::size_t>& ends) {
  return verdict_in_pieces<RequestHead>(bytes, ends,
                                        [](std::string_view seen, std::size_t& scanned, RequestHead& head) {
                                          return parse_request_head(seen, HeadLimits{}, scanned, head);
                                        });
}

std::string response_in_pieces(std::string_view bytes, const std::vector<std::size_t>& ends) {
  return verdict_in_pieces<ResponseHead>(
      bytes, ends, [](std::string_view seen, std::size_t& scanned, ResponseHead& head) {
        return parse_response_head(seen, HeadLimits{}, Method::get, false, scanned, head);
      });
}

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> ends;
  for (std::size_t end = 0; end < size; ++end) ends.push_back(end);
  return ends;
}

template <class InPieces>
void check_every_cut(const HeadCase& head_case, InPieces in_pieces) {
  const std::size_t size = head_case.bytes.size();
  EXPECT_EQ(in_pieces(head_case.bytes, every_byte(size)), head_case.verdict)
      << head_case.name << ", byte by byte";
  std::mt19937 random(seed);
  const bool all_cuts = size <= every_cut_bytes_max;
  for (std::size_t i = 0; i < (all_cuts ? size : random_cuts); ++i) {
    const std::size_t cut = all_cuts ? i : random() % size;
    EXPECT_EQ(in_pieces(head_case.bytes, {cut}), head_case.verdict) << head_case.name << ", cut at " << cut;
  }
}

TEST(ParseProperty, RequestsGiveTheSameVerdictForEveryCut) {
  for (const HeadCase& head_case : all_request_cases()) check_every_cut(head_case, request_in_pieces);
}

TEST(ParseProperty, ResponsesGiveTheSameVerdictForEveryCut) {
  for (const HeadCase& head_case : response_cases()) check_every_cut(head_case, response_in_pieces);
}

TEST(ParseProperty, AWrongMemoryNeverGetsAHeadAccepted) {
  for (const HeadCase& head_case : all_request_cases()) {
    if (head_case.bytes.size() > every_cut_bytes_max) continue;
    for (std::size_t memory = 0; memory < head_case.bytes.size() + 8; ++memory) {
      RequestHead head;
      std::size_t scanned = memory;
      const auto result = parse_request_head(head_case.bytes, HeadLimits{}, scanned, head);
      const bool accepted = result && *result;
      EXPECT_TRUE(!accepted || describe(result, head) == head_case.verdict) << head_case.name << memory;
    }
  }
  for (const HeadCase& head_case : response_cases()) {
    if (head_case.bytes.size() > every_cut_bytes_max) continue;
    for (std::size_t memory = 0; memory < head_case.bytes.size() + 8; ++memory) {
      ResponseHead head;
      std::size_t scanned = memory;
      const auto result =
          parse_response_head(head_case.bytes, HeadLimits{}, Method::get, false, scanned, head);
      const bool accepted = result && *result;
      EXPECT_TRUE(!accepted || describe(result, head) == head_case.verdict) << head_case.name << memory;
    }
  }
}

/// One to four edits of the kind that finds parser bugs.
std::string mutate(std::string bytes, std::mt19937& random) {
  static constexpr std::string_view treats = "\r\n \t:,;\0\x7f\xff/?#*0aA";
  for (unsigned edits = 1 + random() % 4; edits > 0 && !bytes.empty(); --edits) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        bytes[at] = treats[random() % treats.size()];
        break;
      case 2:
        bytes.insert(at, 1, treats[random() % treats.size()]);
        break;
      case 3:
        bytes.erase(at, 1 + random() % 3);
        break;
      default:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 20));
        break;
    }
  }
  return bytes;
}

/// What every accepted request must be, whatever the input was.
void check_accepted(std::string_view bytes, const RequestHead& head) {
  const auto inside = [&](std::string_view view) {
    return view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + head.bytes;
  };
  ASSERT_LE(head.bytes, bytes.size());
  EXPECT_TRUE(bytes.substr(0, head.bytes).ends_with("\r\n\r\n"));
  EXPECT_TRUE(is_token(head.method_text));
  EXPECT_TRUE(all(head.target, char_class::visible));
  EXPECT_TRUE(inside(head.method_text) && inside(head.target));
  unsigned framing_fields = 0;
  for (const Field& field : head.fields) {
    EXPECT_TRUE(is_token(field.name) && inside(field.name));
    EXPECT_TRUE(is_field_value(field.value) && (field.value.empty() || inside(field.value)));
    EXPECT_EQ(trim_ows(field.value), field.value);
    if (iequals(field.name, "content-length") || iequals(field.name, "transfer-encoding")) ++framing_fields;
  }
  EXPECT_EQ(framing_fields, head.body.kind == BodyKind::none ? 0u : 1u);
  EXPECT_EQ(head.authority.empty(), head.host.empty());
  if (head.authority.empty()) {
    EXPECT_EQ(head.minor_version, 0);
  }
}

TEST(ParseProperty, MutatedRequestsStayWithinTheRules) {
  std::mt19937 random(seed);
  int accepted = 0;
  for (const HeadCase& head_case : all_request_cases()) {
    if (head_case.bytes.size() > 2 * every_cut_bytes_max) continue;
    for (int round = 0; round < 200; ++round) {
      const std::string bytes = mutate(head_case.bytes, random);
      RequestHead head;
      std::size_t scanned = 0;
      const auto result = parse_request_head(bytes, HeadLimits{}, scanned, head);
      const std::string verdict = describe(result, head);
      if (result && *result) {
        ++accepted;
        check_accepted(bytes, head);
      }
      ASSERT_EQ(request_in_pieces(bytes, every_byte(bytes.size())), verdict)
          << head_case.name << ", round " << round << ": " << ::testing::PrintToString(bytes);
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(ParseProperty, MutatedResponsesStayWithinTheRules) {
  std::mt19937 random(seed);
  int accepted = 0;
  for (const HeadCase& head_case : response_cases()) {
    if (head_case.bytes.size() > 2 * every_cut_bytes_max) continue;
    for (int round = 0; round < 200; ++round) {
      const std::string bytes = mutate(head_case.bytes, random);
      const std::string verdict = response_verdict(bytes);
      accepted += verdict.starts_with("response_") || verdict == "incomplete" ? 0 : 1;
      ASSERT_EQ(response_in_pieces(bytes, every_byte(bytes.size())), verdict)
          << head_case.name << ", round " << round << ": " << ::testing::PrintToString(bytes);
    }
  }
  EXPECT_GT(accepted, 500);
}

}  // namespace
}  // namespace weir::http1::testing
