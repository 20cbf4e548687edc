#include "cli/client.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json.hpp>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <utility>

#include "cli/status_text.hpp"
#include "cli/terminal_text.hpp"

namespace weir::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace json = boost::json;
using asio::ip::tcp;
using beast::error_code;
using Request = http::request<http::string_body>;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct HostPort {
  std::string host, port;
};

/// `127.0.0.1:9900`, `[::1]:9900`, `localhost:9900`.
std::optional<HostPort> split_address(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == address.npos || colon == 0 || colon + 1 == address.size()) return std::nullopt;
  std::string_view host = address.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return HostPort{std::string(host), std::string(address.substr(colon + 1))};
}

/// Host is the address as a literal: the admin address answers to no names but localhost.
std::string host_field(const tcp::endpoint& endpoint) {
  const std::string ip = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + ip + "]" : ip) + ":" + std::to_string(endpoint.port());
}

Request make_request(const AdminTarget& target, http::verb method, std::string_view path, std::string body) {
  Request request(method, beast::string_view(path.data(), path.size()), 11);
  request.set(http::field::connection, "close");
  request.set(http::field::accept, "application/json");
  if (!target.token.empty()) request.set(http::field::authorization, "Bearer " + target.token);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  const bool has_body = method == http::verb::post || method == http::verb::put;
  request.body() = std::move(body);
  if (has_body) request.set(http::field::content_length, std::to_string(request.body().size()));
  return request;
}

using Exchange = Result<AdminAnswer>;

asio::awaitable<Exchange> exchange(tcp::resolver::results_type endpoints, Request request) {
  const auto executor = co_await asio::this_coro::executor;
  beast::tcp_stream stream(executor);
  const auto [connect_error, endpoint] = co_await stream.async_connect(endpoints, as_result);
  if (connect_error) co_return self_error(ErrorKind::connect_failed, connect_error.message());
  request.set(http::field::host, host_field(endpoint));
  const auto [write_error, written] = co_await http::async_write(stream, request, as_result);
  if (write_error) co_return self_error(ErrorKind::connect_failed, write_error.message());
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(client_body_bytes_max);
  const auto [read_error, bytes] = co_await http::async_read(stream, buffer, parser, as_result);
  if (read_error) co_return self_error(ErrorKind::response_malformed, read_error.message());
  AdminAnswer answer;
  answer.status = static_cast<int>(parser.get().result_int());
  answer.body = std::move(parser.get().body());
  co_return answer;
}

}  // namespace

ClientOutcome unreachable(const AdminTarget& target, const Error& error, std::ostream& err) {
  err << "weir: admin address " << target.address << ": " << error.detail << '\n';
  return ClientOutcome::unreachable;
}

ClientOutcome not_weir(const AdminTarget& target, std::ostream& err) {
  err << "weir: admin address " << target.address << ": the answer is not Weir's\n";
  return ClientOutcome::unreachable;
}

void wait_for(Milliseconds time) {
  asio::io_context io;
  asio::steady_timer(io, time).wait();
}

json::object object_in(const std::string& body) {
  boost::system::error_code ec;
  json::value value = json::parse(body, ec);
  return !ec && value.is_object() ? std::move(value.as_object()) : json::object();
}

std::string who_asks() {
  std::array<char, 1024> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found);
  std::string user = found != nullptr ? found->pw_name : std::to_string(::getuid());
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return user;
  constexpr std::size_t user_bytes_max = 32;
  return user.substr(0, user_bytes_max) + "@" + host.data();
}

void print_problem(const AdminAnswer& answer, std::ostream& err) {
  const json::object problem = object_in(answer.body);
  const json::value* const detail = problem.if_contains("detail");
  if (detail != nullptr && detail->is_string()) {
    err << "weir: " << terminal_text(std::string_view(detail->get_string())) << '\n';
  } else {
    err << "weir: the admin address answered with status " << answer.status << '\n';
  }
  const json::value* const errors = problem.if_contains("errors");
  if (errors == nullptr || !errors->is_array()) return;
  for (const json::value& error : errors->get_array()) {
    if (error.is_string()) err << terminal_text(std::string_view(error.get_string())) << '\n';
  }
}

namespace {

/// The object that a GET of `path` answers comes into `into`.
ClientOutcome get_object(const AdminTarget& target, std::string_view path, json::object& into,
                         std::ostream& err) {
  const Asked asked = ask_admin(target, "GET", path, err);
  if (asked.outcome == ClientOutcome::done) into = object_in(asked.body);
  return asked.outcome;
}

}  // namespace

std::string admin_token(std::string token) {
  if (!token.empty()) return token;
  const char* const from_environment = std::getenv("WEIR_ADMIN_TOKEN");
  return from_environment == nullptr ? std::string() : from_environment;
}

Result<AdminAnswer> call_admin(const AdminTarget& target, std::string_view method, std::string_view path,
                               Milliseconds timeout, std::string body) {
  const auto address = split_address(target.address);
  if (!address) return self_error(ErrorKind::connect_failed, "not an address; write HOST:PORT");
  asio::io_context io;
  tcp::resolver resolver(io);
  error_code ec;
  const auto endpoints = resolver.resolve(address->host, address->port, ec);
  if (ec) return self_error(ErrorKind::connect_failed, ec.message());
  Result<AdminAnswer> answer = self_error(ErrorKind::connect_timeout, "no answer in time");
  const auto finished = [&answer](std::exception_ptr failure, Exchange result) {
    if (failure) std::rethrow_exception(failure);
    answer = std::move(result);
  };
  const http::verb verb = http::string_to_verb(beast::string_view(method.data(), method.size()));
  asio::co_spawn(io, exchange(endpoints, make_request(target, verb, path, std::move(body))), finished);
  io.run_for(timeout);
  return answer;
}

Asked ask_admin(const AdminTarget& target, std::string_view method, std::string_view path, std::ostream& err,
                Milliseconds timeout, std::string body) {
  auto answer = call_admin(target, method, path, timeout, std::move(body));
  if (!answer) return {unreachable(target, answer.error(), err), {}};
  if (answer->status == 200 || answer->status == 202) return {ClientOutcome::done, std::move(answer->body)};
  print_problem(*answer, err);
  return {ClientOutcome::refused, {}};
}

ClientOutcome show_status(const AdminTarget& target, bool as_json, std::ostream& out, std::ostream& err) {
  json::object status, upstreams;
  for (const auto& [path, into] : {std::pair{"/api/v1/status", &status}, {"/api/v1/upstreams", &upstreams}}) {
    const ClientOutcome outcome = get_object(target, path, *into, err);
    if (outcome != ClientOutcome::done) return outcome;
  }
  status["upstreams"] = std::move(upstreams["upstreams"]);
  const auto text = status_text(status);
  if (!text) return not_weir(target, err);
  out << (as_json ? json::serialize(status) + "\n" : *text);
  return ClientOutcome::done;
}

}  // namespace weir::control
