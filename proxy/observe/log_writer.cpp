#include "observe/log_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>
#include <system_error>
#include <utility>

#include "observe/log.hpp"

namespace weir::observe {
namespace {

constexpr Milliseconds write_wait{100};  // how soon a stuck writer notices that it shall stop

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

LogWriter::LogWriter(std::string output)
    : name_(output), output_(std::move(output)), is_path_(output_.is_path()) {
  spare_.reserve(spare_batches_max);  // so that the writer needs no memory for it
  thread_ = std::thread([this] { run(); });
}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool LogWriter::submit(std::string& batch) {
  if (batch.empty()) return true;
  const std::size_t bytes = batch.size();
  {
    const std::lock_guard lock(mutex_);
    if (queued_bytes_ + batch.size() <= queue_bytes_max) {
      Item& item = queue_.emplace_back();  // without memory for it, nothing has happened
      item.batch.swap(batch);
      if (!spare_.empty()) {
        batch = std::move(spare_.back());
        spare_.pop_back();
      }
      queued_bytes_ += bytes;
      ++submitted_;
    } else {
      batch.clear();
      return false;
    }
  }
  wake_.notify_one();
  try {
    batch.reserve(bytes);            // one allocation instead of many
  } catch (const std::bad_alloc&) {  // it grows when it is used, then
  }
  return true;
}

std::optional<std::string> LogWriter::reopen() {
  if (!is_path_) return std::nullopt;
  try {
    LogOutput reopened(name_);
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back({{}, std::move(reopened)});
      ++submitted_;
    }
    wake_.notify_one();
    return std::nullopt;
  } catch (const std::system_error& error) {
    return error.what();
  }
}

void LogWriter::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t target = submitted_;
  drained_.wait(lock, [&] { return finished_ >= target; });
}

void LogWriter::run() {
  // The control thread takes them all, until its end.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Item item = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    if (item.reopened) {
      output_ = std::move(*item.reopened);
      torn_line_ = failing_ = false;
    } else {
      write_batch(item.batch);
    }
    lock.lock();
    queued_bytes_ -= item.batch.size();
    ++finished_;
    recycle(std::move(item.batch));
    drained_.notify_all();
  }
}

void LogWriter::write_batch(std::string_view batch) {
  // A line that was cut short is ended first, so that what follows can be read again.
  if (torn_line_ && !write_all("\n").empty()) return lose(batch);
  torn_line_ = false;
  const std::string_view rest = write_all(batch);
  if (rest.empty()) return;
  torn_line_ = rest.size() < batch.size() && rest.data()[-1] != '\n';
  lose(rest);
}

std::string_view LogWriter::write_all(std::string_view text) {
  Milliseconds stalled{0};
  while (!text.empty() && !given_up_) {
    const auto [bytes, error] = output_.write_some(text, write_wait);
    if (bytes > 0) {
      text.remove_prefix(bytes);
      stalled = Milliseconds{0};
    } else if (error == EAGAIN) {
      stalled += write_wait;
      given_up_ = stop_ && stalled >= shutdown_stall_max;
    } else {
      if (!failing_) report_failure(error);
      failing_ = true;
      return text;
    }
  }
  if (text.empty()) failing_ = false;
  return text;
}

void LogWriter::report_failure(int error) const {
  try {
    log(config::LogLevel::error, "access log: writing to {} failed: {}; lines are dropped and counted", name_,
        std::generic_category().message(error));
  } catch (const std::bad_alloc&) {  // the count stays
  }
}

void LogWriter::lose(std::string_view rest) {
  unwritten_lines_.fetch_add(count_lines(rest), std::memory_order_relaxed);
}

void LogWriter::recycle(std::string batch) {
  if (batch.capacity() == 0 || batch.capacity() > spare_bytes_max || spare_.size() >= spare_batches_max)
    return;
  batch.clear();
  spare_.push_back(std::move(batch));
}

}  // namespace weir::observe
