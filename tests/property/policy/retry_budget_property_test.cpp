// What the retry budget promises about load: in a brown-out, where every try fails and every failure asks for a
// retry, endpoints see no more than `percent` more tries than there are requests, and the floor.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "unit/balance/endpoints.hpp"
#include "upstream/retry_budget.hpp"

namespace weir::upstream {
namespace {

struct Client {
  RetryPlace place;
  std::size_t endpoint = 0;
  std::uint32_t retries_done = 0;
};

/// A brown-out in rounds: in each, all running tries end, in random order, and each is followed at once by a retry
/// or by the client's next request.
class BrownOut {
 public:
  BrownOut(std::mt19937_64& random, std::size_t clients, const config::Retry& settings)
      : random_(random),
        settings_(settings),
        endpoints_(std::vector<std::uint32_t>(5, 1)),
        clients_(clients) {
    for (Client& client : clients_) start_request(client);
  }

  void round() {
    std::ranges::shuffle(clients_, random_);
    for (Client& client : clients_) {
      --endpoints_[client.endpoint].in_flight;
      client.place.give_back();
      std::uint64_t in_flight = requests_in_flight(endpoints_.candidates());
      if (client.retries_done == 0) ++in_flight;
      if (client.retries_done < settings_.attempts &&
          client.place.take(running_, settings_.budget, in_flight)) {
        ++client.retries_done;
        ++retries;
        send(client);
        check_bound();
      } else {
        start_request(client);
      }
    }
  }

  std::uint64_t requests = 0, retries = 0;

 private:
  void start_request(Client& client) {
    ++requests;
    client.retries_done = 0;
    send(client);
  }
  void send(Client& client) {
    client.endpoint = random_() % endpoints_.size();
    ++endpoints_[client.endpoint].in_flight;
  }
  /// At the moment of each retry.
  void check_bound() {
    const std::uint64_t first_tries = requests_in_flight(endpoints_.candidates()) - running_.count;
    // The one that asked was a first try itself until now.
    ASSERT_LE(running_.count, retries_allowed(settings_.budget, first_tries + 1));
  }

  std::mt19937_64& random_;
  config::Retry settings_;
  Endpoints endpoints_;
  RunningRetries running_;
  std::vector<Client> clients_;
};

TEST(RetryBudgetProperty, ABrownOutIsNotMadeWorse) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    config::Retry settings;
    settings.attempts = 1 + static_cast<std::uint32_t>(random() % 5);
    settings.budget.percent = static_cast<unsigned>(random() % 101);
    settings.budget.min_concurrent = static_cast<std::uint32_t>(random() % 6);
    const std::size_t clients = 1 + random() % 200;
    BrownOut world(random, clients, settings);
    constexpr std::uint64_t rounds = 50;
    for (std::uint64_t i = 0; i < rounds && !HasFatalFailure(); ++i) world.round();
    const std::uint64_t share = world.requests * settings.budget.percent / 100;
    EXPECT_LE(world.retries, share + (settings.budget.min_concurrent + 1) * rounds);
    if (settings.budget.percent == 0 && settings.budget.min_concurrent == 0) {
      EXPECT_EQ(world.retries, 0u);
    }
  }
}

TEST(RetryBudgetProperty, TheDefaultsAt64ClientsAddNoMoreThanAFifth) {
  std::mt19937_64 random(64);
  config::Retry settings;
  settings.attempts = 2;
  BrownOut world(random, 64, settings);
  for (int i = 0; i < 1000; ++i) world.round();
  EXPECT_LE(world.retries, world.requests / 5);
  EXPECT_GE(world.retries, world.requests / 8) << "and most of it is used";
}

}  // namespace
}  // namespace weir::upstream
