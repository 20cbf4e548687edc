#include "support/deadline.hpp"

#include <poll.h>

#include <algorithm>
#include <cstdlib>

namespace weir::testing {
namespace {

constexpr int ask_again_ms = 5;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_TESTING_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_TESTING_SANITIZED
#endif

#ifdef WEIR_TESTING_SANITIZED
constexpr double default_scale = 4.0;
#else
constexpr double default_scale = 1.0;
#endif

double time_scale() {
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
