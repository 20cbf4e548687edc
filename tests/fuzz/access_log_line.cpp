// Lines of an access log for a replay: no crash, what comes out is usable as it is, and no line spoils the next.
#include <cstdint>
#include <string_view>

#include "replay/log_line.hpp"
#include "require.hpp"

using namespace weir;
using fuzz::require;

namespace {

constexpr std::string_view good =
    R"({"ts":"2026-01-31T10:00:00.123Z","listener":"http","client_ip":"192.0.2.7","method":"GET","path":"/x"})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static replay::LogLineReader reader;
  replay::LoggedRequest request;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto wrong = reader.read(line, request);
  if (wrong) {
    require(!wrong->empty());
  } else {
    require(!request.listener.empty() && request.ts_ns >= 0);
    require(replay::parse_timestamp(request.ts) == request.ts_ns);
    const std::size_t texts = request.path.size() + request.host.size() + request.user_agent.size();
    require(texts <= size);
  }
  require(!reader.read(good, request) && request.path == "/x" &&
          request.ts_ns % 1'000'000'000 == 123'000'000);
  return 0;
}
