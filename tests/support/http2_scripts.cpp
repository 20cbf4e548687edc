#include "support/http2_scripts.hpp"

#include <atomic>
#include <charconv>
#include <memory>
#include <mutex>
#include <utility>

namespace weir::testing::scripts {
namespace {

using Stream = Http2EndpointStream;

Http2Script at_end(std::function<void(const Stream&)> what) {
  Http2Script script;
  script.end = std::move(what);
  return script;
}

void answer_by_path(const Stream& stream) {
  constexpr std::string_view bytes = "/bytes/";
  const Http2EndpointRequest request = stream.request();
  if (request.path == "/hang") return;
  if (request.path == "/echo") return stream.answer(200, request.body);
  if (!request.path.starts_with(bytes)) return stream.answer(200, "ok");
  std::size_t count = 0;
  std::from_chars(request.path.data() + bytes.size(), request.path.data() + request.path.size(), count);
  stream.answer(200, std::string(count, 'b'));
}

}  // namespace

Http2Script ok(const std::string& body, const h2::FieldLines& fields) {
  return at_end([=](const Stream& stream) { stream.answer(200, body, fields); });
}

Http2Script status(int code) {
  return at_end([=](const Stream& stream) { stream.answer(code); });
}

Http2Script echo() {
  return at_end([](const Stream& stream) { stream.answer(200, stream.request().body); });
}

Http2Script echo_at_once() {
  Http2Script script;
  script.head = [](const Stream& stream) { stream.head(200); };
  script.data = [](const Stream& stream, std::string_view bytes) { stream.data(std::string(bytes)); };
  script.end = [](const Stream& stream) { stream.data("", true); };
  return script;
}

Http2Script by_path() {
  return at_end(answer_by_path);
}

Http2Script named(const std::string& name) {
  return ok(name);
}

Http2Script hang() {
  return {};
}

Http2Script reset(std::uint32_t code) {
  Http2Script script;
  script.head = [=](const Stream& stream) { stream.reset(code); };
  return script;
}

Http2Script sequence(std::vector<Http2Script> steps) {
  struct Turns {
    std::vector<Http2Script> steps;
    std::atomic<std::size_t> heads = 0;
    std::mutex mutex;
    std::vector<std::size_t> step_of;  // by request
  };
  const auto turns = std::make_shared<Turns>();
  turns->steps = std::move(steps);
  const auto step = [turns](const Stream& stream) -> const Http2Script& {
    const std::lock_guard lock(turns->mutex);
    return turns->steps[std::min(turns->step_of.at(stream.index()), turns->steps.size() - 1)];
  };
  Http2Script script;
  script.head = [turns, step](const Stream& stream) {
    std::unique_lock lock(turns->mutex);
    turns->step_of.resize(std::max(turns->step_of.size(), stream.index() + 1));
    turns->step_of[stream.index()] = turns->heads++;
    lock.unlock();
    if (step(stream).head) step(stream).head(stream);
  };
  script.data = [step](const Stream& stream, std::string_view bytes) {
    if (step(stream).data) step(stream).data(stream, bytes);
  };
  script.end = [step](const Stream& stream) {
    if (step(stream).end) step(stream).end(stream);
  };
  return script;
}

}  // namespace weir::testing::scripts

namespace weir::testing::grpc {
namespace {

using Stream = Http2EndpointStream;

constexpr std::size_t prefix_bytes = 5;

}  // namespace

std::string message(std::string_view bytes, bool compressed) {
  return h2::number(compressed ? 1 : 0, 1) + h2::number(static_cast<std::uint32_t>(bytes.size()), 4) +
         std::string(bytes);
}

std::vector<std::string> messages(std::string_view body) {
  std::vector<std::string> all;
  while (!body.empty()) {
    const std::size_t size = body.size() < prefix_bytes ? 0 : h2::number_at(body, 1, 4);
    if (body.size() < prefix_bytes + size) {
      throw TestFailure("a gRPC message is cut behind " + std::to_string(all.size()) + " whole ones");
    }
    all.emplace_back(body.substr(prefix_bytes, size));
    body.remove_prefix(prefix_bytes + size);
  }
  return all;
}

h2::FieldLines head() {
  return {{":status", "200"}, {"content-type", "application/grpc"}};
}

h2::FieldLines status(int code, const std::string& text) {
  h2::FieldLines lines = {{"grpc-status", std::to_string(code)}};
  if (!text.empty()) lines.emplace_back("grpc-message", text);
  return lines;
}

h2::FieldLines call_fields(const h2::FieldLines& extra) {
  h2::FieldLines lines = {{"content-type", "application/grpc"}, {"te", "trailers"}};
  lines.insert(lines.end(), extra.begin(), extra.end());
  return lines;
}

Http2Script unary(const std::string& answer, int code, const std::string& text) {
  Http2Script script;
  script.end = [=](const Stream& stream) {
    stream.head(head());
    stream.data(message(answer));
    stream.trailers(status(code, text));
  };
  return script;
}

Http2Script trailers_only(int code, const std::string& text, const h2::FieldLines& extra) {
  h2::FieldLines lines = head();
  for (const auto& part : {status(code, text), extra}) lines.insert(lines.end(), part.begin(), part.end());
  Http2Script script;
  script.end = [=](const Stream& stream) { stream.head(lines, true); };
  return script;
}

Http2Script echo() {
  Http2Script script;
  script.head = [](const Stream& stream) { stream.head(head()); };
  script.data = [](const Stream& stream, std::string_view bytes) { stream.data(std::string(bytes)); };
  script.end = [](const Stream& stream) { stream.trailers(status(0)); };
  return script;
}

Http2Script health(int serving) {
  std::string answer;
  if (serving != 0) answer = std::string("\x08") + static_cast<char>(serving);  // field 1, a varint
  return unary(answer);
}

}  // namespace weir::testing::grpc
