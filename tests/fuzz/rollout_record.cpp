// The file of a rollout, with and without a right check line: no crash, and what is accepted is written back byte for
// byte.
#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "core/stable_hash.hpp"
#include "require.hpp"
#include "rollout/record.hpp"

using namespace weir;
using fuzz::require;

namespace {

std::string with_check(const std::string& text) {
  return text + fmt::format("check {:016x}\n", stable_hash({}, text));
}

/// The state in it has a check of its own.
std::string with_checks(const std::string& text) {
  constexpr std::string_view line = "state\n";
  const std::size_t state = text.find(line);
  if (state == text.npos) return with_check(text);
  const std::size_t begin = state + line.size();
  return with_check(text.substr(0, begin) + with_check(text.substr(begin)));
}

void read(const std::string& text) {
  const auto saved = rollout::parse_record(text);
  if (saved) require(rollout::write_record(saved->record, saved->state) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read(text);
  read(with_checks(text));
  return 0;
}
