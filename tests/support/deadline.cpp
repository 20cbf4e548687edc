#include "support/deadline.hpp"

#include <poll.h>

#include <algorithm>
#include <cstdlib>

#include "support/sanitizer.hpp"

namespace weir::testing {
namespace {

constexpr int ask_again_ms = 5;

double time_scale() {
  const double default_scale = sanitized() ? 4.0 : 1.0;
  const char* text = std::getenv("WEIR_TEST_TIME_SCALE");
  const double scale = text ? std::strtod(text, nullptr) : default_scale;
  return scale > 0 ? scale : default_scale;
}

}  // namespace

std::chrono::milliseconds scaled(std::chrono::milliseconds time) {
  static const double scale = time_scale();
  return std::chrono::milliseconds(static_cast<long long>(static_cast<double>(time.count()) * scale));
}

Deadline::Deadline(std::chrono::milliseconds timeout)
    : at_(std::chrono::steady_clock::now() + scaled(timeout)) {}

int Deadline::left_ms() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<long long>(0, left.count()));
}

void eventually(const std::string& what, const std::function<bool()>& condition, const Deadline& deadline) {
  while (!condition()) {
    if (deadline.has_passed()) throw TestFailure("waited in vain until " + what);
    ::poll(nullptr, 0, ask_again_ms);
  }
}

}  // namespace weir::testing
