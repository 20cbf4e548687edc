// Checks by grpc.health.v1, against endpoints whose answers a test writes. Over HTTP/1, whose bytes are readable: what
// carries a call is not what this is about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grpc/message.hpp"
#include "server/prober.hpp"
#include "support/behaviours.hpp"
#include "support/loop.hpp"

namespace weir::server {
namespace {

using namespace weir::testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// One chunk: a message with its prefix.
std::string chunk_of(std::string_view message) {
  const auto prefix = grpc::message_prefix(0, static_cast<std::uint32_t>(message.size()));
  std::string chunk(1, static_cast<char>('0' + prefix.size() + message.size()));
  chunk += "\r\n";
  chunk.append(prefix.data(), prefix.size()).append(message).append("\r\n");
  return chunk;
}

std::string answer(std::string_view message, std::string_view trailers) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n" +
         chunk_of(message) + "0\r\n" + std::string(trailers) + "\r\n";
}

std::string trailers_only(const std::string& status) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\ngrpc-status: " + status +
         "\r\n\r\n";
}

const std::string serving("\x08\x01"), not_serving("\x08\x02"), service_unknown("\x08\x03");
const std::string well = "grpc-status: 0\r\n";

class GrpcCheckTest : public ::testing::Test {
 protected:
  CheckOutcome check(const ScriptableEndpoint& endpoint, const std::string& service = "") {
    if (!state_ || state_->label != endpoint.address()) {
      const auto address = *SocketAddress::parse(endpoint.address());
      state_ = std::make_shared<upstream::EndpointState>("app", endpoint.address(), address, 0);
    }
    CheckTarget target;
    target.endpoint = state_;
    target.host = "127.0.0.1";
    target.authority = "app.test:80";
    target.settings.type = config::HealthCheck::Type::grpc;
    target.settings.grpc_service = service;
    target.settings.timeout = scaled(2s);
    CheckOutcome outcome;
    loop_.run(check_once(std::make_shared<const CheckTarget>(std::move(target)), outcome));
    return outcome;
  }
  void expect(const CheckOutcome& outcome, CheckResult result, const std::string& detail) {
    EXPECT_EQ(outcome.result, result) << detail;
    EXPECT_EQ(outcome.detail, detail);
  }

 private:
  Task<> check_once(std::shared_ptr<const CheckTarget> target, CheckOutcome& outcome) {
    outcome = co_await prober_.check(std::move(target));
  }

  Loop loop_;
  BufferPool buffers_;
  std::shared_ptr<upstream::EndpointState> state_;
  Prober prober_{loop_.reactor(), buffers_};
};

TEST_F(GrpcCheckTest, AServerThatServesPasses) {
  ScriptableEndpoint endpoint(behave::respond(answer(serving, well)));
  expect(check(endpoint), CheckResult::passed, "SERVING");
  const std::string bytes = endpoint.bytes();
  EXPECT_THAT(bytes, StartsWith("POST /grpc.health.v1.Health/Check HTTP/1.1\r\nHost: app.test:80\r\n"));
  EXPECT_THAT(bytes, HasSubstr("\r\nContent-Type: application/grpc\r\nTE: trailers\r\n"));
  EXPECT_THAT(bytes, Not(HasSubstr("\r\nAccept: ")));
}

TEST_F(GrpcCheckTest, ItsConnectionIsKept) {
  ScriptableEndpoint endpoint(behave::respond(answer(serving, well)));
  for (int i = 0; i < 3; ++i) expect(check(endpoint), CheckResult::passed, "SERVING");
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST_F(GrpcCheckTest, AsksAboutTheService) {
  ScriptableEndpoint endpoint(behave::respond(answer(serving, well)));
  check(endpoint, "shop.v1.Orders");
  EXPECT_THAT(endpoint.bytes(), HasSubstr(std::string("\0\0\0\0\x10\x0a\x0e", 7) + "shop.v1.Orders"));
}

struct Answer {
  std::string bytes, detail;
};

TEST_F(GrpcCheckTest, WhatElseItMaySayFails) {
  const Answer answers[] = {
      {answer(not_serving, well), "NOT_SERVING"},
      {answer("", well), "UNKNOWN"},
      {answer(service_unknown, well), "the service is unknown"},
      {trailers_only("5"), "the service is unknown"},
      {trailers_only("12"), "grpc.health.v1 is not implemented"},
      {trailers_only("14"), "grpc-status 14 (unavailable)"},
      {answer(serving, "grpc-status: 13\r\n"), "grpc-status 13 (internal)"},
      {answer(serving, ""), "no grpc-status"},
      {answer("\xff\xff", well), "malformed answer"},
      {trailers_only("0"), "malformed answer"},
      {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno", "status 503"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "no grpc-status"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'), "malformed answer"},
  };
  for (const Answer& each : answers) {
    ScriptableEndpoint endpoint(behave::respond(each.bytes));
    expect(check(endpoint), CheckResult::failed, each.detail);
  }
}

TEST_F(GrpcCheckTest, AnAnswerThatIsCutFails) {
  ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n" +
        chunk_of(serving));
  }));
  const CheckOutcome outcome = check(endpoint);
  EXPECT_EQ(outcome.result, CheckResult::failed);
  EXPECT_THAT(outcome.detail, Not(EndsWith("head")));
}

}  // namespace
}  // namespace weir::server
