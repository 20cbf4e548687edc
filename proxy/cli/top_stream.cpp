#include "cli/top_stream.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <utility>

namespace weir::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t head_bytes_max = 16 * 1024;

/// What an answer that is no stream says (RFC 9457), or its status line.
std::string refusal_text(std::string_view head, std::string_view body) {
  error_code error;
  const boost::json::value problem = boost::json::parse(body, error);
  if (!error && problem.is_object()) {
    const boost::json::value* const detail = problem.get_object().if_contains("detail");
    if (detail != nullptr && detail->is_string()) return std::string(detail->get_string());
  }
  return "the answer is no stream: " + std::string(head.substr(0, head.find('\r')));
}

}  // namespace

bool EventLines::read(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    rest_ += bytes.substr(0, end);
    if (rest_.size() + data_.size() > event_bytes_max) return false;
    if (end == bytes.npos) return true;
    bytes.remove_prefix(end + 1);
    const std::string whole = std::exchange(rest_, {});
    std::string_view text = whole;
    if (text.ends_with('\r')) text.remove_suffix(1);
    line(text, take);
  }
  return true;
}

void EventLines::begin() {
  rest_.clear();
  kind_.clear();
  data_.clear();
}

void EventLines::line(std::string_view text, const Take& take) {
  if (text.empty()) {
    if (!data_.empty()) take(kind_.empty() ? "message" : kind_, data_);
    kind_.clear();
    data_.clear();
    return;
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view name = text.substr(0, colon);
  std::string_view value = text.substr(std::min(colon + 1, text.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") kind_ = value;
  if (name == "id") last_id_ = value;
  if (name == "data") data_ += (data_.empty() ? "" : "\n") + std::string(value);
}

TopStream::TopStream(asio::io_context& context, AdminTarget target, Listener listener)
    : resolver_(context),
      socket_(context),
      again_timer_(context),
      silence_timer_(context),
      target_(std::move(target)),
      listener_(std::move(listener)) {}

TopStream::~TopStream() = default;

void TopStream::start() {
  connect();
}

void TopStream::connect() {
  const std::uint64_t attempt = ++attempt_;
  watch_silence();
  const std::size_t colon = target_.address.rfind(':');
  if (colon == std::string::npos) return end("'" + target_.address + "' is not HOST:PORT");
  std::string host = target_.address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  resolver_.async_resolve(host, target_.address.substr(colon + 1),
                          [this, attempt](const error_code& error, const auto& endpoints) {
                            if (attempt != attempt_ || error == asio::error::operation_aborted) return;
                            if (error) return end(error.message());
                            asio::async_connect(socket_, endpoints,
                                                [this, attempt](const error_code& failed, const auto&) {
                                                  if (attempt != attempt_) return;
                                                  if (failed) return end(failed.message());
                                                  ask();
                                                });
                          });
}

/// HTTP/1.0: the body comes unchunked.
void TopStream::ask() {
  request_ = "GET /api/v1/stream?interval=1s HTTP/1.0\r\nHost: localhost\r\nAccept: text/event-stream\r\n";
  if (!target_.token.empty()) request_ += "Authorization: Bearer " + target_.token + "\r\n";
  if (!lines_.last_id().empty()) request_ += "Last-Event-ID: " + lines_.last_id() + "\r\n";
  request_ += "\r\n";
  const std::uint64_t attempt = attempt_;
  asio::async_write(socket_, asio::buffer(request_), [this, attempt](const error_code& error, std::size_t) {
    if (attempt != attempt_) return;
    if (error) return end(error.message());
    head_.clear();
    lines_.begin();
    read_head();
  });
}

void TopStream::read_head() {
  const std::uint64_t attempt = attempt_;
  asio::async_read_until(socket_, asio::dynamic_buffer(head_, head_bytes_max), "\r\n\r\n",
                         [this, attempt](const error_code& error, std::size_t bytes) {
                           if (attempt != attempt_) return;
                           if (error) return end(error.message());
                           take_head(bytes);
                         });
}

void TopStream::take_head(std::size_t bytes) {
  const std::string body = head_.substr(bytes);
  const bool is_stream = head_.find(" 200 ") < head_.find('\r');
  if (!is_stream) return end(refusal_text(head_, body), true);
  take_body(body);
}

void TopStream::read_body() {
  const std::uint64_t attempt = attempt_;
  socket_.async_read_some(asio::buffer(buffer_), [this, attempt](const error_code& error, std::size_t bytes) {
    if (attempt != attempt_) return;
    if (error) return end(error == asio::error::eof ? "the stream ended" : error.message());
    take_body({buffer_.data(), bytes});
  });
}

void TopStream::take_body(std::string_view bytes) {
  watch_silence();
  const std::uint64_t attempt = attempt_;
  const bool is_well = lines_.read(bytes, [this](const std::string& kind, const std::string& data) {
    error_code error;
    const boost::json::value value = boost::json::parse(data, error);
    if (error) return;
    again_wait_ = again_min;
    listener_.event(kind, value);
  });
  if (!is_well) return end("an event of the stream is too long");
  if (attempt == attempt_) read_body();
}

void TopStream::end(const std::string& problem, bool refused) {
  ++attempt_;
  error_code ignored;
  socket_.close(ignored);
  silence_timer_.cancel();
  again_timer_.expires_after(again_wait_);
  again_wait_ = std::min(again_wait_ * 2, again_max);
  again_timer_.async_wait([this](const error_code& error) {
    if (!error) connect();
  });
  listener_.ended(problem, refused);
}

void TopStream::watch_silence() {
  silence_timer_.expires_after(silence_max);
  silence_timer_.async_wait([this](const error_code& error) {
    if (!error) end("it was silent for 8 s");
  });
}

}  // namespace weir::control
