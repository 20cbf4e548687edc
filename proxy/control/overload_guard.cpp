#include "control/overload_guard.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "control/memory_limit.hpp"
#include "observe/events.hpp"
#include "observe/log.hpp"
#include "observe/process_facts.hpp"

namespace weir::control {
namespace {

// Of the descriptors that only this thread uses: at least so many, at most so many, otherwise a share.
constexpr std::uint64_t reserve_min = 8, reserve_max = 64, reserve_share = 16;
constexpr std::uint64_t refusals_share =
    64;  // of the descriptors, for refused connections that wait for their close

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : 0;
}

/// Three quarters of the descriptors for clients, the rest for endpoints, the admin address and logs: most client
/// connections wait for a request at any time. Where that is not enough, requests get 503 and no endpoint is ejected.
std::uint32_t connections_within(std::uint64_t descriptors, std::uint32_t wanted) {
  const std::uint64_t fitting = descriptors / 4 * 3;
  return descriptors == 0 || fitting >= wanted ? wanted : static_cast<std::uint32_t>(fitting);
}

std::string amount(limit::Bound bound, std::uint64_t value) {
  if (bound != limit::Bound::memory) return std::to_string(value);
  return fmt::format("{:.1f} MiB", static_cast<double>(value) / (1024 * 1024));
}

}  // namespace

std::string describe(const limit::Overload::Change& change) {
  std::string text =
      fmt::format("{}: {} {}", change.to == limit::Pressure::normal ? "overload is over" : "overload",
                  limit::to_string(change.bound), amount(change.bound, change.use.used));
  if (change.use.max != 0) text += " of " + amount(change.bound, change.use.max);
  switch (change.to) {
    case limit::Pressure::normal:
      return text;
    case limit::Pressure::tight:
      return text + ": keep-alive ends, idle connections close" +
             (change.from == limit::Pressure::shedding ? "; new ones are taken again" : "");
    case limit::Pressure::shedding:
      return text + ": new connections get 503";
  }
  return text;
}

OverloadGuard::OverloadGuard(boost::asio::io_context& context, server::ProcessShared& shared)
    : timer_(context), shared_(shared) {}

void OverloadGuard::reserve_descriptors(std::size_t workers, std::function<void()> relieve) {
  relieve_ = std::move(relieve);
  descriptors_ = descriptor_limit();
  if (descriptors_ == 0) return;
  // A worker may hold one of them for a moment: a connection that it refuses, or an attempt that finds it is too many.
  const std::uint64_t reserve = std::min(
      std::clamp(descriptors_ / reserve_share, reserve_min, reserve_max) + workers, descriptors_ / 2);
  descriptors_max_ = descriptors_ - reserve;
  shared_.worker_descriptors_max = static_cast<int>(descriptors_max_);
  shared_.refusals_kept =
      std::min<std::size_t>(server::Refusals::kept_max, descriptors_ / refusals_share / workers + 1);
}

void OverloadGuard::configure(const config::Server& settings) {
  const std::uint32_t wanted = settings.max_connections;
  connections_max_ = connections_within(descriptors_, wanted);
  // Once a value: other keys that a reload changes are no reason to say it again.
  if (connections_max_ < wanted && wanted != warned_of_) {
    observe::log(
        config::LogLevel::warn,
        "server.max_connections {} does not fit {} descriptors: {} connections at most (raise LimitNOFILE)",
        wanted, descriptors_, connections_max_);
  }
  warned_of_ = connections_max_ < wanted ? wanted : 0;
  memory_max_ = settings.overload.max_memory ? *settings.overload.max_memory
                                             : memory_limit() / 100 * memory_share_percent;
  start_percent_ = settings.overload.start_percent;
  overload_.configure(start_percent_);
  sample();
}

void OverloadGuard::start() {
  timer_.expires_after(std::exchange(rising_, false) ? rising_interval : sample_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    sample();
    start();
  });
}

void OverloadGuard::sample() {
  limit::Uses uses{};
  uses[static_cast<std::size_t>(limit::Bound::connections)] = {shared_.connections.load(), connections_max_};
  if (descriptors_max_ != 0) {
    uses[static_cast<std::size_t>(limit::Bound::descriptors)] = {observe::count_open_fds(), descriptors_max_};
  }
  if (memory_max_ != 0) {
    uses[static_cast<std::size_t>(limit::Bound::memory)] = {observe::read_resident_bytes(), memory_max_};
  }
  const auto changes = overload_.update(uses);
  publish();
  if (overload_.of(limit::Bound::memory) != limit::Pressure::normal) return_memory();
  for (const limit::Overload::Change& change : changes) {
    rising_ = rising_ || change.to > change.from;
    if (change.bound == limit::Bound::descriptors && change.to > change.from && relieve_) relieve_();
    observe::Event event;
    event.kind = "overload_" + std::string(limit::to_string(change.to));
    event.level = change.to == limit::Pressure::normal ? config::LogLevel::info : config::LogLevel::warn;
    event.text = describe(change);
    observe::emit(std::move(event));
  }
}

/// What connections gave back stays with the allocator otherwise, and the bound would never be left.
void OverloadGuard::return_memory() {
  const TimePoint now = Clock::now();
  if (now < next_trim_) return;
  next_trim_ = now + trim_interval;
  (void)::malloc_trim(0);
}

void OverloadGuard::publish() {
  shared_.connections_max = connections_max_;
  shared_.connections_tight =
      static_cast<std::uint32_t>((std::uint64_t{connections_max_} * start_percent_ + 99) / 100);
  shared_.tightest = overload_.tightest();
  shared_.pressure = overload_.pressure();
  shared_.connections_admitted = limit::admitted_connections(overload_, connections_max_);
}

}  // namespace weir::control
