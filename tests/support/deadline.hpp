// How long a test waits for anything: every blocking call in this folder takes a Deadline and fails with a
// message when it passes. WEIR_TEST_TIME_SCALE (a factor; 4 by itself under a sanitizer) stretches all of
// them.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

namespace weir::testing {

using namespace std::chrono_literals;

/// A test cannot go on: what was waited for, and what was seen instead. GoogleTest reports what().
class TestFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

constexpr std::chrono::milliseconds default_timeout{10'000};

/// `time` times WEIR_TEST_TIME_SCALE.
std::chrono::milliseconds scaled(std::chrono::milliseconds time);

class Deadline {
 public:
  /// Passes `timeout` from now, scaled.
  explicit Deadline(std::chrono::milliseconds timeout = default_timeout);

  bool has_passed() const { return std::chrono::steady_clock::now() >= at_; }
  std::chrono::steady_clock::time_point at() const { return at_; }
  /// For poll(2): 0 when it has passed.
  int left_ms() const;

 private:
  std::chrono::steady_clock::time_point at_;
};

/// Asks `condition` again and again, a few milliseconds apart, until it holds; throws TestFailure naming
/// `what`. For state that can only be asked for (a metric, an HTTP status); everything else has a condition
/// variable.
void eventually(const std::string& what, const std::function<bool()>& condition,
                const Deadline& deadline = Deadline());

}  // namespace weir::testing
