#include "http/field_role.hpp"

#include <gtest/gtest.h>

#include <string>

#include "unit/http/request_with.hpp"

namespace weir::http {
namespace {

using test::field;

TEST(FieldRole, EveryFieldThatIsNotSimplyPassedOn) {
  struct Row {
    FieldRole role;
    std::vector<std::string_view> names;
  };
  const Row rows[] = {
      {FieldRole::hop_by_hop,
       {"Connection", "keep-alive", "Proxy-Connection", "TE", "TRANSFER-ENCODING", "Upgrade",
        "HTTP2-Settings", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info"}},
      {FieldRole::content_length, {"Content-Length", "content-length"}},
      {FieldRole::trailer, {"Trailer"}},
      {FieldRole::host, {"Host", "HOST"}},
      {FieldRole::expect, {"Expect"}},
      {FieldRole::via, {"Via"}},
      {FieldRole::date, {"Date"}},
      {FieldRole::forwarding,
       {"Forwarded", "X-Forwarded-For", "x-forwarded-proto", "X-FORWARDED-HOST", "X-Forwarded-Port",
        "X-Forwarded-Anything", "X-Forwarded-", "X-Real-IP", "x-real-ip", "Proxy", "PROXY", "X-Weir-Mirror"}},
      {FieldRole::request_id, {"X-Request-Id", "X-Request-ID"}},
      {FieldRole::traceparent, {"traceparent", "Traceparent"}},
      {FieldRole::tracestate, {"tracestate"}},
      {FieldRole::end_to_end,
       {"Accept", "User-Agent", "Cookie", "Authorization", "X-Forwarded", "X-Real-IPs", "Proxy-Status",
        "Proxys", "X", "T", "Trace", "X-Request", "Sec-WebSocket-Key", "Priority", "Server", "Set-Cookie",
        "Content-Type", ""}},
  };
  for (const Row& row : rows) {
    for (const std::string_view name : row.names) EXPECT_EQ(role_of(field(name, "v")), row.role) << name;
  }
}

TEST(FieldRole, AliasesReadWithDashesAreOurs) {
  for (const auto* name : {"X_Forwarded_For", "x_forwarded-proto", "X-Forwarded_Host", "X_Real_IP",
                           "x_request_id", "Content_Length", "Transfer_Encoding", "Keep_Alive",
                           "HTTP2_Settings", "Proxy_Authorization", "X_Forwarded_"}) {
    EXPECT_TRUE(is_alias(name)) << name;
  }
  EXPECT_TRUE(is_alias("X_Forwarded_" + std::string(300, 'x')));
  for (const auto* name : {"X-Forwarded-For", "User_Agent", "X_Custom", "_", "", "__", "x_forwardedfor"}) {
    EXPECT_FALSE(is_alias(name)) << name;
  }
}

TEST(FieldRole, FoldsWithinItsBound) {
  FoldedName buffer;
  EXPECT_EQ(fold_underscores("A_b-c_", buffer), "A-b-c-");
  EXPECT_EQ(fold_underscores("A-b", buffer), "");
  EXPECT_EQ(fold_underscores(std::string(folded_name_bytes_max, '_'), buffer),
            std::string(folded_name_bytes_max, '-'));
  EXPECT_EQ(fold_underscores(std::string(folded_name_bytes_max + 1, '_'), buffer), "");
}

TEST(FieldRole, FramingNamesAreNoPolicysBusiness) {
  for (const auto* name : {"Connection", "content-length", "Transfer-Encoding", "TE", "Trailer", "Upgrade",
                           "Keep-Alive", "Expect", "Proxy-Connection"}) {
    EXPECT_TRUE(is_framing_name(name)) << name;
  }
  for (const auto* name : {"Host", "Via", "Date", "X-Forwarded-For", "Server", "X-Any", "Content-Type"}) {
    EXPECT_FALSE(is_framing_name(name)) << name;
  }
}

TEST(IsHopByHop, TheFixedOnesAndThoseThatConnectionNames) {
  const std::vector<std::string_view> tokens{"close", "x-secret"};
  EXPECT_TRUE(is_hop_by_hop(field("Connection", "close"), tokens));
  EXPECT_TRUE(is_hop_by_hop(field("Content-Length", "5"), tokens));
  EXPECT_TRUE(is_hop_by_hop(field("X-Secret", "1"), tokens));
  EXPECT_FALSE(is_hop_by_hop(field("X-Secret", "1"), {}));
  EXPECT_FALSE(is_hop_by_hop(field("X-Secrets", "1"), tokens));
  EXPECT_FALSE(is_hop_by_hop(field("Trailer", "Digest"), tokens));
  EXPECT_FALSE(is_hop_by_hop(field("Accept", "*/*"), tokens));
}

}  // namespace
}  // namespace weir::http
