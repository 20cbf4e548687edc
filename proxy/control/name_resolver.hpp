// Addresses of endpoints that are given by name, kept fresh in the background. A name that does not resolve has no
// addresses until it does; one that resolved once keeps its last good answer. Control thread; the look-ups
// themselves run on Asio's resolver thread, so nothing waits for DNS.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/ip.hpp"

namespace weir::control {

class NameResolver {
 public:
  static constexpr std::chrono::seconds refresh_interval{10};
  static constexpr std::chrono::seconds retry_interval{2};  // after a failure
  static constexpr std::size_t addresses_max = 64;          // of one name; further ones are left out

  /// `changed` is called when the addresses of some name are not what they were.
  NameResolver(boost::asio::io_context& context, std::function<void()> changed);

  /// The names to keep fresh from now on.
  void watch(const std::set<std::string>& names);
  /// Sorted; empty while unknown.
  std::vector<IpAddress> addresses(const std::string& name) const;
  void stop();
  /// A look-up is running; it cannot be interrupted, only waited for.
  bool busy() const { return running_ > 0; }

 private:
  void schedule(std::chrono::seconds delay);
  void look_up_all();
  void received(const std::string& name, const boost::system::error_code& error,
                const boost::asio::ip::tcp::resolver::results_type& results);

  boost::asio::io_context& context_;
  std::function<void()> changed_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::map<std::string, std::vector<IpAddress>> answers_;
  std::set<std::string> failing_;  // reported once, not each time
  std::size_t running_ = 0;
  bool stopped_ = false;
};

}  // namespace weir::control
