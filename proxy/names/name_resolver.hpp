// Addresses of endpoints that are given by name, kept fresh by the time to live of their DNS answers. A name that does
// not resolve has no addresses until it does; one that resolved once keeps its last good answer. Says what changes
// as events. Control thread; nothing here waits.
#pragma once

#include <sys/stat.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "core/rng.hpp"
#include "names/dns_channel.hpp"
#include "upstream/name_answer.hpp"

namespace weir::control {

class NameResolver {
 public:
  static constexpr std::chrono::milliseconds first_answer_wait{2000};  // see watch()
  static constexpr std::size_t lookups_at_once_max = 64;               // further names wait for their turn

  /// `changed` is called from the loop when the addresses of some name are not what they were, but not for answers
  /// that watch() is still waiting for.
  NameResolver(boost::asio::io_context& context, std::function<void()> changed);
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  /// The names to keep fresh from now on, and how. `settled` is called once each new one has been looked up, well or
  /// not, or first_answer_wait has passed; at once (before watch returns) when none is new. Names that are no longer
  /// wanted are kept until then.
  void watch(const std::set<std::string>& names, const config::Resolver& settings,
             std::function<void()> settled);
  /// In order; empty while unknown.
  std::vector<upstream::NamedAddress> addresses(const std::string& name) const;
  void stop();

  struct Facts {
    std::string name;
    std::size_t addresses = 0;
  };
  std::vector<Facts> facts() const;
  /// How many look-ups ended in each way, by LookUp.
  const std::array<std::uint64_t, upstream::lookup_kinds>& lookups() const { return lookups_; }

 private:
  struct Name {
    explicit Name(boost::asio::io_context& context) : timer(context) {}
    std::vector<upstream::NamedAddress> addresses;
    upstream::TargetAddresses targets;  // of a service, as last known
    std::set<std::string> down;         // targets that no server answers for
    boost::asio::steady_timer timer;
    upstream::LookUp last = upstream::LookUp::answered;
    std::uint32_t failures = 0;  // in a row
    std::size_t left_out = 0;    // addresses past the bound
    bool answered = false;       // looked up at least once, well or not
    bool looking = false;        // a look-up runs or waits for its turn
  };

  std::shared_ptr<DnsChannel> channel();
  void look_up(const std::string& name);
  void begin(const std::string& name);
  void received(const std::string& name, const upstream::NameAnswer& answer);
  void note(const std::string& name, Name& known, const upstream::NameAnswer& answer);
  void note_targets(const std::string& name, Name& known, const upstream::NameAnswer& answer);
  bool take(const std::string& name, Name& known, const upstream::NameAnswer& answer);
  void schedule(const std::string& name, Name& known, const upstream::NameAnswer& answer);
  void announce();
  void settle_if_complete();
  void settle();

  boost::asio::io_context& context_;
  std::function<void()> changed_;
  boost::asio::steady_timer settle_timer_;
  std::function<void()> settled_;  // empty: nothing waits
  config::Resolver settings_;
  std::shared_ptr<DnsChannel> channel_;
  std::vector<std::weak_ptr<DnsChannel>> channels_;  // with look-ups that may still run
  timespec system_settings_{};  // when /etc/resolv.conf was changed, at the channel's start
  std::map<std::string, Name> names_;
  std::set<std::string> wanted_;
  std::deque<std::string> waiting_;
  std::size_t running_ = 0;
  std::array<std::uint64_t, upstream::lookup_kinds> lookups_{};
  Rng rng_;
  bool announcing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what the loop still holds
};

}  // namespace weir::control
