// Threads that ask the proxy again and again while a test does something else.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "support/deadline.hpp"

namespace weir::testing {

class SteadyLoad {
 public:
  /// Each of `threads` calls `ask` again and again. It asks for as long as it likes and !stopped(), and counts what it
  /// got; a TestFailure out of it is a failure that the test shows.
  SteadyLoad(int threads, std::function<void(SteadyLoad&)> ask) : ask_(std::move(ask)) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~SteadyLoad() { stop(); }
  SteadyLoad(const SteadyLoad&) = delete;
  SteadyLoad& operator=(const SteadyLoad&) = delete;

  void stop() {
    stopped_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  bool stopped() const { return stopped_; }
  void count(bool well) { ++(well ? answered_ : failed_); }
  int answered() const { return answered_; }
  int failed() const { return failed_; }

 private:
  void run() {
    while (!stopped_) {
      try {
        ask_(*this);
      } catch (const TestFailure& failure) {
        ADD_FAILURE() << failure.what();
        ++failed_;
      }
    }
  }

  std::function<void(SteadyLoad&)> ask_;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> answered_ = 0, failed_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace weir::testing
