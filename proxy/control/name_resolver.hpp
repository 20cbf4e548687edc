// Addresses of endpoints that are given by name, kept fresh in the background. A name that does not resolve has no
// addresses until it does; one that resolved once keeps its last good answer. Control thread; the look-ups themselves
// run on a few threads of their own, so that nothing waits for DNS and one dead name delays no other.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/ip.hpp"

namespace weir::control {

class NameResolver {
 public:
  static constexpr std::chrono::seconds refresh_interval{10};
  static constexpr std::chrono::seconds retry_interval{2};             // after a failure
  static constexpr std::chrono::milliseconds first_answer_wait{2000};  // see watch()
  static constexpr std::size_t addresses_max = 64;  // of one name; further ones are left out
  static constexpr std::size_t lookup_threads = 4;

  /// `changed` is called when the addresses of some name are not what they were, but not for first answers that
  /// watch() is still waiting for.
  NameResolver(boost::asio::io_context& context, std::function<void()> changed);
  ~NameResolver();

  /// The names to keep fresh from now on. `settled` is called once each new one has been looked up, well or not, or
  /// first_answer_wait has passed; at once (before watch returns) when none is new.
  void watch(const std::set<std::string>& names, std::function<void()> settled);
  /// Sorted; empty while unknown.
  std::vector<IpAddress> addresses(const std::string& name) const;
  void stop();
  /// A look-up is running; it cannot be interrupted, only waited for.
  bool busy() const { return running_ > 0; }

 private:
  struct Name {
    explicit Name(boost::asio::io_context& context) : timer(context) {}
    std::vector<IpAddress> addresses;
    boost::asio::steady_timer timer;
    bool failing = false;  // reported once, not each time
    bool answered = false;
  };

  void look_up(const std::string& name);
  void received(const std::string& name, const std::string& error, std::vector<IpAddress> found);
  void settle_if_complete();
  void settle();

  boost::asio::io_context& context_;
  std::function<void()> changed_;
  boost::asio::thread_pool pool_{lookup_threads};
  boost::asio::steady_timer settle_timer_;
  std::function<void()> settled_;  // empty: nobody waits
  std::map<std::string, Name> names_;
  std::size_t running_ = 0;
  bool stopped_ = false;
};

}  // namespace weir::control
