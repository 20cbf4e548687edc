#include "control/name_resolver.hpp"

#include <algorithm>

#include "observe/log.hpp"

namespace weir::control {

NameResolver::NameResolver(boost::asio::io_context& context, std::function<void()> changed)
    : context_(context), changed_(std::move(changed)), resolver_(context), timer_(context) {}

void NameResolver::watch(const std::set<std::string>& names) {
  std::erase_if(answers_, [&names](const auto& answer) { return !names.contains(answer.first); });
  for (const std::string& name : names) answers_.try_emplace(name);
  if (!names.empty() && running_ == 0) look_up_all();
}

std::vector<IpAddress> NameResolver::addresses(const std::string& name) const {
  const auto answer = answers_.find(name);
  return answer == answers_.end() ? std::vector<IpAddress>{} : answer->second;
}

void NameResolver::stop() {
  stopped_ = true;
  resolver_.cancel();
  timer_.cancel();
}

void NameResolver::schedule(std::chrono::seconds delay) {
  timer_.expires_after(delay);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !stopped_) look_up_all();
  });
}

void NameResolver::look_up_all() {
  for (const auto& [name, known] : answers_) {
    ++running_;
    resolver_.async_resolve(name, "",
                            [this, name = name](const boost::system::error_code& error,
                                                const boost::asio::ip::tcp::resolver::results_type& found) {
                              --running_;
                              if (stopped_) return;
                              received(name, error, found);
                              if (running_ == 0)
                                schedule(failing_.empty() ? refresh_interval : retry_interval);
                            });
  }
}

void NameResolver::received(const std::string& name, const boost::system::error_code& error,
                            const boost::asio::ip::tcp::resolver::results_type& results) {
  const auto answer = answers_.find(name);
  if (answer == answers_.end()) {
    failing_.erase(name);
    return;
  }
  std::vector<IpAddress> found;
  for (const auto& entry : results) {
    if (found.size() == addresses_max) break;
    if (const auto ip = IpAddress::parse(entry.endpoint().address().to_string())) found.push_back(*ip);
  }
  if (error || found.empty()) {
    if (failing_.insert(name).second) {
      observe::log(
          config::LogLevel::warn, "cannot resolve {}: {}; {}", name, error.message(),
          answer->second.empty() ? "its endpoints are down until it resolves" : "the last answer is kept");
    }
    return;
  }
  if (failing_.erase(name) > 0) observe::log(config::LogLevel::info, "{} resolves again", name);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  if (found == answer->second) return;
  answer->second = std::move(found);
  changed_();
}

}  // namespace weir::control
