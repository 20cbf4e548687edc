// Task<T>: a lazily started coroutine that is awaited exactly once, on the thread that made it. Awaiting
// transfers control symmetrically, so a chain of tasks uses no stack; frames come from FramePool. Exceptions
// pass to the awaiter. Detached: a coroutine that no other awaits; io::spawn starts it.
//
// GCC 12 miscompiles some expressions around co_await: name temporaries, then move them (ARCHITECTURE.md).
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "core/frame_pool.hpp"

namespace weir {

namespace detail {

struct PromiseBase {
  static void* operator new(std::size_t bytes) { return FramePool::allocate(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { FramePool::release(frame, bytes); }

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }

  std::coroutine_handle<> continuation;
  std::exception_ptr failure;
};

/// Owns a coroutine and starts it when it is awaited.
template <class Promise>
class TaskHandle {
 public:
  TaskHandle(TaskHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  TaskHandle& operator=(TaskHandle&&) = delete;
  ~TaskHandle() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    handle_.promise().continuation = awaiting;
    return handle_;
  }

 protected:
  explicit TaskHandle(Promise& promise) : handle_(std::coroutine_handle<Promise>::from_promise(promise)) {}
  Promise& finished() const {
    if (handle_.promise().failure) std::rethrow_exception(handle_.promise().failure);
    return handle_.promise();
  }

 private:
  std::coroutine_handle<Promise> handle_;
};

template <class T>
struct ValuePromise;
struct VoidPromise;

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task : public detail::TaskHandle<detail::ValuePromise<T>> {
 public:
  using promise_type = detail::ValuePromise<T>;
  explicit Task(promise_type& promise) : detail::TaskHandle<promise_type>(promise) {}
  T await_resume() { return std::move(*this->finished().result); }
};

template <>
class [[nodiscard]] Task<void> : public detail::TaskHandle<detail::VoidPromise> {
 public:
  using promise_type = detail::VoidPromise;
  explicit Task(promise_type& promise) : detail::TaskHandle<promise_type>(promise) {}
  inline void await_resume();
};

namespace detail {

template <class T>
struct ValuePromise : PromiseBase {
  Task<T> get_return_object() { return Task<T>(*this); }
  template <class Value>
  void return_value(Value&& value) {
    result.emplace(std::forward<Value>(value));
  }
  std::optional<T> result;
};

struct VoidPromise : PromiseBase {
  Task<void> get_return_object() { return Task<void>(*this); }
  void return_void() const noexcept {}
};

}  // namespace detail

inline void Task<void>::await_resume() {
  (void)finished();
}

/// A coroutine that starts at once and frees itself at its end. Its body must not let an exception out.
struct Detached {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return FramePool::allocate(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { FramePool::release(frame, bytes); }
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

}  // namespace weir
