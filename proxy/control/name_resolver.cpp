#include "control/name_resolver.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "observe/log.hpp"

namespace weir::control {
namespace {

/// Blocks: on a look-up thread only.
std::vector<IpAddress> resolve_now(const std::string& name, std::string& error) {
  boost::asio::io_context local;
  boost::asio::ip::tcp::resolver resolver(local);
  boost::system::error_code code;
  std::vector<IpAddress> found;
  for (const auto& entry : resolver.resolve(name, "", code)) {
    if (found.size() == NameResolver::addresses_max) break;
    if (const auto ip = IpAddress::parse(entry.endpoint().address().to_string())) found.push_back(*ip);
  }
  if (code) error = code.message();
  if (!code && found.empty()) error = "no address";
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace

NameResolver::NameResolver(boost::asio::io_context& context, std::function<void()> changed)
    : context_(context), changed_(std::move(changed)), settle_timer_(context) {}

NameResolver::~NameResolver() {
  stop();
}

void NameResolver::watch(const std::set<std::string>& names, std::function<void()> settled) {
  std::erase_if(names_, [&names](const auto& entry) { return !names.contains(entry.first); });
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

std::vector<IpAddress> NameResolver::addresses(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::vector<IpAddress>{} : found->second.addresses;
}

void NameResolver::stop() {
  stopped_ = true;
  settled_ = nullptr;
  names_.clear();
  settle_timer_.cancel();
  pool_.stop();
}

void NameResolver::look_up(const std::string& name) {
  ++running_;
  boost::asio::post(pool_, [this, name] {
    std::string error;
    auto found = resolve_now(name, error);
    boost::asio::post(context_, [this, name, error = std::move(error), found = std::move(found)] {
      --running_;
      if (!stopped_) received(name, error, found);
    });
  });
}

void NameResolver::received(const std::string& name, const std::string& error, std::vector<IpAddress> found) {
  const auto entry = names_.find(name);
  if (entry == names_.end()) return;  // no longer wanted
  Name& known = entry->second;
  known.answered = true;
  const bool failed = !error.empty();
  if (failed && !known.failing) {
    observe::log(
        config::LogLevel::warn, "cannot resolve {}: {}; {}", name, error,
        known.addresses.empty() ? "its endpoints are down until it resolves" : "the last answer is kept");
  }
  if (!failed && known.failing) observe::log(config::LogLevel::info, "{} resolves again", name);
  known.failing = failed;
  known.timer.expires_after(failed ? retry_interval : refresh_interval);
  known.timer.async_wait([this, name](const boost::system::error_code& cancelled) {
    if (!cancelled && !stopped_) look_up(name);
  });
  const bool changed = !failed && found != known.addresses;
  if (changed) known.addresses = std::move(found);
  if (settled_) {
    settle_if_complete();
  } else if (changed) {
    changed_();
  }
}

void NameResolver::settle_if_complete() {
  const bool complete =
      std::all_of(names_.begin(), names_.end(), [](const auto& entry) { return entry.second.answered; });
  if (complete) settle();
}

void NameResolver::settle() {
  settle_timer_.cancel();
  if (settled_) std::exchange(settled_, nullptr)();
}

}  // namespace weir::control
