// A door that the test opens once: behaviours wait at it, so that "while the request is running" needs no
// sleep. Any thread.
#pragma once

#include <condition_variable>
#include <mutex>

#include "support/deadline.hpp"

namespace weir::testing {

class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// False: the deadline passed first.
  bool wait(const Deadline& deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline.at(), [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace weir::testing
