#include "grpc/content_type.hpp"

#include <gtest/gtest.h>

namespace weir::grpc {
namespace {

TEST(GrpcContentType, IsGrpc) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
                           "Application/GRPC+json", "application/grpc ; a=b", "application/grpc+"}) {
    EXPECT_TRUE(is_grpc(type)) << type;
    EXPECT_EQ(web_kind(type), Web::none) << type;
  }
  for (const char* type :
       {"", "application/grp", "application/grpcx", "application/grpc-web", "application/grpc/",
        "application/grpc,a", " application/grpc", "text/html", "application/json"}) {
    EXPECT_FALSE(is_grpc(type)) << type;
  }
}

TEST(GrpcContentType, WebKind) {
  for (const char* type :
       {"application/grpc-web", "application/grpc-web+proto", "APPLICATION/grpc-web;a=b"}) {
    EXPECT_EQ(web_kind(type), Web::binary) << type;
  }
  for (const char* type : {"application/grpc-web-text", "application/grpc-web-TEXT+proto"}) {
    EXPECT_EQ(web_kind(type), Web::text) << type;
  }
  for (const char* type :
       {"", "application/grpc", "application/grpc-webx", "application/grpc-web-", "grpc-web",
        "application/grpc-web-texts", "application/grpc-web-text-", "application/grpc+web"}) {
    EXPECT_EQ(web_kind(type), Web::none) << type;
    EXPECT_EQ(grpc_type(type), "") << type;
  }
}

TEST(GrpcContentType, TheFormatStays) {
  EXPECT_EQ(grpc_type("application/grpc-web"), "application/grpc");
  EXPECT_EQ(grpc_type("application/grpc-web+proto"), "application/grpc+proto");
  EXPECT_EQ(grpc_type("Application/GRPC-Web-Text+JSON; a=b"), "application/grpc+JSON; a=b");
  EXPECT_EQ(web_type("application/grpc", Web::binary), "application/grpc-web");
  EXPECT_EQ(web_type("application/grpc+proto", Web::binary), "application/grpc-web+proto");
  EXPECT_EQ(web_type("application/grpc;a=b", Web::text), "application/grpc-web-text;a=b");
}

}  // namespace
}  // namespace weir::grpc
