// operator new that fails when a test says so.
#pragma once

#include <cstdint>

namespace weir::testing {

/// From here to the end of the scope: of what this thread takes from the heap, `after` succeed, then `times` fail.
class FailingNew {
 public:
  static constexpr std::int64_t for_good = INT64_MAX;

  explicit FailingNew(std::int64_t after, std::int64_t times = 1);
  ~FailingNew();
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;

  /// How many have failed so far.
  static std::int64_t failed();
};

/// While one lives, no other thread than the test's own gets memory.
class NoMemoryElsewhere {
 public:
  NoMemoryElsewhere();
  ~NoMemoryElsewhere();
  NoMemoryElsewhere(const NoMemoryElsewhere&) = delete;
  NoMemoryElsewhere& operator=(const NoMemoryElsewhere&) = delete;
  /// Refused to other threads in its time.
  std::int64_t failed() const;
};

}  // namespace weir::testing
