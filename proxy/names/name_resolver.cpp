#include "names/name_resolver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <random>
#include <utility>

#include "names/name_lookup.hpp"
#include "observe/events.hpp"
#include "upstream/name_schedule.hpp"

namespace weir::control {
namespace {

using upstream::LookUp;

constexpr const char* system_settings_file = "/etc/resolv.conf";

timespec changed_at(const char* path) {
  struct stat facts {};
  if (::stat(path, &facts) != 0) return {};
  return facts.st_mtim;
}

std::uint64_t seed() {
  std::random_device entropy;
  return std::uint64_t{entropy()} << 32 | entropy();
}

std::string addresses_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " address" : " addresses");
}

void emit(config::LogLevel level, const char* kind, const std::string& name, std::string text) {
  observe::Event event;
  event.level = level;
  event.kind = kind;
  event.endpoint = name;
  event.text = std::move(text);
  observe::emit(std::move(event));
}

Ipv6 wanted_ipv6(config::ResolveIpv6 setting) {
  switch (setting) {
    case config::ResolveIpv6::off:
      return Ipv6::off;
    case config::ResolveIpv6::on:
      return Ipv6::on;
    case config::ResolveIpv6::automatic:
      break;
  }
  return reachable_ipv6(machine_addresses());
}

}  // namespace

NameResolver::NameResolver(boost::asio::io_context& context, std::function<void()> changed)
    : context_(context), changed_(std::move(changed)), settle_timer_(context), rng_(seed()) {}

NameResolver::~NameResolver() {
  stop();
}

void NameResolver::watch(const std::set<std::string>& names, const config::Resolver& settings,
                         std::function<void()> settled) {
  if (settings_ != settings) {
    settings_ = settings;
    channel_.reset();  // what it was asked is answered all the same
    for (auto& [name, known] : names_) {
      if (names.contains(name)) look_up(name);
    }
  }
  wanted_ = names;
  settled_ = std::move(settled);
  for (const std::string& name : names) {
    if (names_.try_emplace(name, context_).second) look_up(name);
  }
  settle_if_complete();
  if (!settled_) return;
  settle_timer_.expires_after(first_answer_wait);
  settle_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) settle();
  });
}

std::vector<upstream::NamedAddress> NameResolver::addresses(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::vector<upstream::NamedAddress>{} : found->second.addresses;
}

std::vector<NameResolver::Facts> NameResolver::facts() const {
  std::vector<Facts> all;
  for (const auto& [name, known] : names_) all.push_back({name, known.addresses.size()});
  return all;
}

void NameResolver::stop() {
  alive_.reset();
  settled_ = nullptr;
  names_.clear();
  waiting_.clear();
  settle_timer_.cancel();
  for (const auto& each : channels_) {
    if (const auto channel = each.lock()) channel->cancel();
  }
  channels_.clear();
  channel_.reset();
}

/// The one to ask now: a new one where the settings changed, the system's included.
std::shared_ptr<DnsChannel> NameResolver::channel() {
  if (settings_.servers.empty()) {
    const timespec changed = changed_at(system_settings_file);
    const bool same =
        changed.tv_sec == system_settings_.tv_sec && changed.tv_nsec == system_settings_.tv_nsec;
    if (!same) channel_.reset();
    system_settings_ = changed;
  }
  if (!channel_) {
    channel_ = DnsChannel::open(context_, settings_);
    std::erase_if(channels_, [](const auto& each) { return each.expired(); });
    if (channel_) channels_.push_back(channel_);
  }
  return channel_;
}

void NameResolver::look_up(const std::string& name) {
  const auto entry = names_.find(name);
  if (entry == names_.end() || entry->second.looking) return;
  Name& known = entry->second;
  known.looking = true;
  known.timer.cancel();
  if (running_ < lookups_at_once_max) {
    begin(name);
  } else {
    waiting_.push_back(name);
  }
}

void NameResolver::begin(const std::string& name) {
  ++running_;
  const auto done = [this, name, alive = std::weak_ptr<bool>(alive_)](const upstream::NameAnswer& answer) {
    if (!alive.expired()) received(name, answer);
  };
  const auto using_channel = channel();
  if (using_channel) {
    NameLookUp::start(using_channel, name, wanted_ipv6(settings_.ipv6), names_.at(name).targets, done);
    return;
  }
  upstream::NameAnswer failed;
  failed.result = LookUp::server_failure;
  boost::asio::post(context_, [done, failed] { done(failed); });
}

void NameResolver::received(const std::string& name, const upstream::NameAnswer& answer) {
  --running_;
  ++lookups_[static_cast<std::size_t>(answer.result)];
  const auto entry = names_.find(name);
  if (entry != names_.end()) {  // still wanted
    Name& known = entry->second;
    known.looking = false;
    known.answered = true;
    note(name, known, answer);
    if (answer.result == LookUp::answered) note_targets(name, known, answer);
    const bool changed = take(name, known, answer);
    schedule(name, known, answer);
    if (changed && !settled_) announce();
  }
  while (running_ < lookups_at_once_max && !waiting_.empty()) {
    const std::string next = std::move(waiting_.front());
    waiting_.pop_front();
    if (names_.contains(next)) begin(next);
  }
  if (settled_) settle_if_complete();
}

/// Counts failures; each beginning, each new reason and each end is an event.
void NameResolver::note(const std::string& name, Name& known, const upstream::NameAnswer& answer) {
  if (answer.result == LookUp::answered) {
    if (known.failures > 0) {
      emit(config::LogLevel::info, "name_recovered", name,
           fmt::format("{} resolves again, after {} failed look-up{}", name, known.failures,
                       known.failures == 1 ? "" : "s"));
    }
    known.failures = 0;
  } else {
    if (known.failures == 0 || known.last != answer.result) {
      const std::string then = known.addresses.empty()
                                   ? "its endpoints are down until it resolves"
                                   : "the last answer is kept: " + addresses_text(known.addresses.size());
      emit(config::LogLevel::warn, "name_failed", name,
           fmt::format("cannot resolve {}: {}; {}", name, upstream::explain(answer.result), then));
    }
    ++known.failures;
  }
  known.last = answer.result;
}

/// Each target that begins to fail is an event, and so is the end.
void NameResolver::note_targets(const std::string& name, Name& known, const upstream::NameAnswer& answer) {
  std::set<std::string> down;
  for (const upstream::FailedTarget& failed : answer.failed_targets) {
    if (!down.insert(failed.name).second || known.down.contains(failed.name)) continue;
    const std::string then = failed.kept == 0 ? "its endpoints are down until it resolves"
                                              : "its last " + addresses_text(failed.kept) +
                                                    (failed.kept == 1 ? " is kept" : " are kept");
    emit(config::LogLevel::warn, "name_incomplete", name,
         fmt::format("cannot resolve {} of {}: {}; {}", failed.name, name, upstream::explain(failed.result),
                     then));
  }
  if (down.empty() && !known.down.empty())
    emit(config::LogLevel::info, "name_recovered", name, "all targets of " + name + " resolve again");
  known.down = std::move(down);
  known.targets = answer.targets;
}

/// Whether the addresses are others now.
bool NameResolver::take(const std::string& name, Name& known, const upstream::NameAnswer& answer) {
  if (answer.result != LookUp::answered) return false;
  auto next = upstream::next_addresses(known.addresses, answer);
  if (next.left_out != 0 && known.left_out == 0) {
    emit(config::LogLevel::warn, "name_truncated", name,
         fmt::format("{} has {} more than the {} that are used", name, addresses_text(next.left_out),
                     upstream::name_addresses_max));
  }
  known.left_out = next.left_out;
  if (next.addresses == known.addresses) return false;
  if (!known.addresses.empty()) {
    emit(config::LogLevel::info, "name_changed", name,
         name + ": " + upstream::describe_change(known.addresses, next.addresses));
  }
  known.addresses = std::move(next.addresses);
  return true;
}

void NameResolver::schedule(const std::string& name, Name& known, const upstream::NameAnswer& answer) {
  known.timer.expires_after(
      answer.result == LookUp::answered
          ? upstream::refresh_pause(answer.ttl, settings_.min_ttl, settings_.max_ttl, rng_())
          : upstream::retry_pause(known.failures, rng_()));
  known.timer.async_wait(
      [this, name, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& cancelled) {
        if (!cancelled && !alive.expired()) look_up(name);
      });
}

/// Names that change together make one snapshot.
void NameResolver::announce() {
  if (std::exchange(announcing_, true)) return;
  boost::asio::post(context_, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    announcing_ = false;
    changed_();
  });
}

void NameResolver::settle_if_complete() {
  const bool complete =
      std::ranges::all_of(wanted_, [this](const std::string& name) { return names_.at(name).answered; });
  if (complete) settle();
}

void NameResolver::settle() {
  settle_timer_.cancel();
  std::erase_if(names_, [this](const auto& entry) { return !wanted_.contains(entry.first); });
  if (settled_) std::exchange(settled_, nullptr)();
}

}  // namespace weir::control
