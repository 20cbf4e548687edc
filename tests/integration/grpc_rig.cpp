#include "integration/grpc_rig.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace weir::testing {
namespace {

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string grpc_status_of(const Http2Response& response) {
  return response.fields.has("grpc-status") ? response.fields.get("grpc-status")
                                            : response.trailers.get("grpc-status");
}

std::string grpc_message_of(const Http2Response& response) {
  return response.fields.has("grpc-message") ? response.fields.get("grpc-message")
                                             : response.trailers.get("grpc-message");
}

void expect_own_error(const Http2Response& response, int status) {
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.ended_by_head) << "trailers-only is one frame";
  EXPECT_EQ(response.fields.get("content-type").substr(0, 16), "application/grpc");
  EXPECT_EQ(response.fields.get("grpc-status"), std::to_string(status));
  EXPECT_NE(response.fields.get("grpc-message"), "");
  EXPECT_TRUE(response.fields.has("x-request-id"));
  EXPECT_FALSE(response.fields.has("content-length"));
}

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(text.data());
  text.resize(static_cast<std::size_t>(EVP_EncodeBlock(out, octets(bytes), static_cast<int>(bytes.size()))));
  return text;
}

std::string from_base64(std::string_view text) {
  std::string all;
  while (!text.empty()) {
    const std::string_view group = text.substr(0, 4);
    unsigned char bytes[3];
    if (group.size() < 4 || EVP_DecodeBlock(bytes, octets(group), 4) != 3) throw TestFailure("no base64");
    const auto padding = static_cast<std::size_t>(std::ranges::count(group, '='));
    all.append(bytes, bytes + 3 - padding);
    text.remove_prefix(4);
  }
  return all;
}

GrpcWebBody parse_grpc_web(std::string_view body) {
  constexpr std::size_t prefix_bytes = 5;
  GrpcWebBody parsed;
  while (!body.empty()) {
    const std::size_t size = body.size() < prefix_bytes ? 0 : h2::number_at(body, 1, 4);
    if (parsed.trailers || body.size() < prefix_bytes + size) throw TestFailure("no body of gRPC-Web");
    const std::string payload(body.substr(prefix_bytes, size));
    if (h2::number_at(body, 0, 1) == 0x80) {
      parsed.trailers = payload;
    } else {
      parsed.messages.push_back(payload);
    }
    body.remove_prefix(prefix_bytes + size);
  }
  return parsed;
}

}  // namespace weir::testing
