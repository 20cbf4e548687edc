// Passive health under random and concurrent reports: never an ejection below the threshold, never all endpoints
// out, one change for one cause, one probe at a time.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <thread>

#include "balance/balance.hpp"
#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"
#include "upstream/ejection.hpp"

namespace weir::upstream {
namespace {

using health::Change;
using health::State;

constexpr std::size_t threads = 4;

/// What the documentation says, written down once more without bit fields.
struct Model {
  State state = State::healthy;
  std::uint32_t failures = 0;
  TimePoint until{};
  std::uint16_t epoch = 0;
};

struct Request {
  std::size_t endpoint;
  health::Ticket ticket;
};

class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed)
      : rng_(seed),
        endpoints_(std::vector<std::uint32_t>(1 + rng_() % 4, 1)),
        models_(endpoints_.size()),
        settings_(ejecting_after(static_cast<std::uint32_t>(1 + rng_() % 4), Milliseconds(100))) {}

  void step() {
    now_ += Milliseconds(rng_() % 20);
    if (requests_.size() < 30 && rng_() % 2 == 0) return send();
    if (requests_.empty()) return;
    std::swap(requests_[rng_() % requests_.size()], requests_.back());
    const Request request = requests_.back();
    requests_.pop_back();
    switch (rng_() % 5) {
      case 0:
        return abandon(request);
      case 1:
        return succeed(request);
      default:
        return fail(request);
    }
  }

  void check() {
    for (std::size_t i = 0; i < models_.size(); ++i) {
      ASSERT_EQ(endpoints_[i].health.state(), models_[i].state) << i;
      ASSERT_EQ(endpoints_[i].health.consecutive_failures(), models_[i].failures) << i;
    }
    ASSERT_GE(usable_count(endpoints_.candidates()), 1u);
  }

 private:
  void send() {
    const balance::Pick pick =
        balance::acquire(config::Balance::least_connections, shared_, endpoints_.candidates(),
                         balance::asking(now_, rng_() % 4 == 0 ? rng_() & 0xf : 0));
    if (pick.index == balance::none) return;
    Model& model = models_[pick.index];
    if (pick.ticket.probe) {
      ASSERT_EQ(model.state, State::ejected);
      ASSERT_GE(now_, model.until);
      model.state = State::half_open;
    }
    ASSERT_EQ(pick.ticket.epoch, model.epoch);
    requests_.push_back({pick.index, pick.ticket});
  }

  bool is_current(const Request& request) const {
    const Model& model = models_[request.endpoint];
    if (request.ticket.epoch != model.epoch) return false;
    return model.state == (request.ticket.probe ? State::half_open : State::healthy);
  }

  void out(Model& model, TimePoint until) {
    model = {State::ejected, 0, until, static_cast<std::uint16_t>(model.epoch + 1)};
  }

  void abandon(const Request& request) {
    balance::release(endpoints_[request.endpoint]);
    endpoints_[request.endpoint].health.abandon_probe(now_, request.ticket);
    if (request.ticket.probe && is_current(request)) out(models_[request.endpoint], now_);
  }

  void succeed(const Request& request) {
    balance::release(endpoints_[request.endpoint]);
    const Change change = endpoints_[request.endpoint].health.report_success(request.ticket);
    const bool recovers = is_current(request) && request.ticket.probe;
    if (is_current(request)) {
      models_[request.endpoint].state = State::healthy;
      models_[request.endpoint].failures = 0;
    }
    ASSERT_EQ(change, recovers ? Change::recovered : Change::none);
  }

  void fail(const Request& request) {
    balance::release(endpoints_[request.endpoint]);
    const Change change = report_failure(shared_.ejections, endpoints_.candidates(),
                                         endpoints_[request.endpoint], settings_, now_, request.ticket);
    Model& model = models_[request.endpoint];
    Change expected = Change::none;
    if (is_current(request) && request.ticket.probe) {
      expected = Change::re_ejected;
    } else if (is_current(request)) {
      ++model.failures;
      std::size_t others = 0;
      for (const Model& other : models_) others += &other != &model && other.state == State::healthy;
      if (model.failures >= settings_.consecutive_failures && others > 0) expected = Change::ejected;
    }
    if (expected != Change::none) out(model, now_ + settings_.ejection_time);
    ASSERT_EQ(change, expected);
  }

  Rng rng_;
  Endpoints endpoints_;
  std::vector<Model> models_;
  config::PassiveHealth settings_;
  balance::Shared shared_;
  TimePoint now_ = time_zero;
  std::vector<Request> requests_;
};

TEST(EjectionProperty, FollowsTheDocumentedMachine) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    RandomRun run(seed);
    for (int step = 0; step < 500; ++step) {
      run.step();
      ASSERT_NO_FATAL_FAILURE(run.check()) << "step " << step;
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

template <class Work>
void in_threads(Work work) {
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (auto& thread : running) thread.join();
}

TEST(EjectionProperty, OfFourReportsAtOnceOneEjects) {
  for (int round = 0; round < 300; ++round) {
    Endpoints endpoints({1, 1});
    EjectionGuard guard;
    std::atomic<int> ejections{0};
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    in_threads([&](std::size_t) {
      const health::Ticket ticket = endpoints[0].health.ticket();
      start.arrive_and_wait();
      const Change change =
          report_failure(guard, endpoints.candidates(), endpoints[0], ejecting_after(3), time_zero, ticket);
      if (change == Change::ejected) ++ejections;
    });
    ASSERT_EQ(ejections, 1);
  }
}

TEST(EjectionProperty, EndpointsThatFailTogetherNeverAllGo) {
  for (int round = 0; round < 300; ++round) {
    Endpoints endpoints({1, 1, 1, 1});
    EjectionGuard guard;
    std::atomic<bool> saw_none{false};
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    in_threads([&](std::size_t thread) {
      start.arrive_and_wait();
      for (int i = 0; i < 50; ++i) {
        EndpointState& endpoint = endpoints[(thread + static_cast<std::size_t>(i)) % endpoints.size()];
        report_failure(guard, endpoints.candidates(), endpoint, ejecting_after(2), time_zero,
                       endpoint.health.ticket());
        // Nobody recovers here, so who is gone stays gone, and a count over several atomics cannot be too low.
        if (usable_count(endpoints.candidates()) == 0) saw_none = true;
      }
    });
    ASSERT_FALSE(saw_none);
    ASSERT_EQ(usable_count(endpoints.candidates()), 1u);
  }
}

TEST(EjectionProperty, OneProbeAtATime) {
  Endpoints endpoints({1, 1});
  balance::Shared shared;
  std::array<std::atomic<int>, 2> probing{};
  std::atomic<bool> overlapped{false};
  std::atomic<int> probes{0};
  const auto settings = ejecting_after(1, Milliseconds(1));
  in_threads([&](std::size_t thread) {
    Rng rng(thread + 1);
    TimePoint now = time_zero;
    for (int i = 0; i < 20'000; ++i) {
      now += Milliseconds(1);
      const balance::Pick pick = balance::acquire(config::Balance::round_robin, shared,
                                                  endpoints.candidates(), balance::asking(now));
      EndpointState& endpoint = endpoints[pick.index];
      if (pick.ticket.probe) {
        ++probes;
        if (probing[pick.index].fetch_add(1) != 0) overlapped = true;
        std::this_thread::yield();
        probing[pick.index].fetch_sub(1);
      }
      switch (rng() % 3) {
        case 0:
          endpoint.health.report_success(pick.ticket);
          break;
        case 1:
          report_failure(shared.ejections, endpoints.candidates(), endpoint, settings, now, pick.ticket);
          break;
        default:
          endpoint.health.abandon_probe(now, pick.ticket);
      }
      if (pick.ticket.probe && endpoint.health.report_success(pick.ticket) != Change::none) overlapped = true;
      balance::release(endpoint);
    }
  });
  EXPECT_FALSE(overlapped);
  EXPECT_GT(probes, 0);
  EXPECT_GE(usable_count(endpoints.candidates()), 1u);
}

TEST(EjectionProperty, OneWinnerForEachProbe) {
  for (int round = 0; round < 300; ++round) {
    Endpoints endpoints({1});
    endpoints.eject(0, time_zero);
    std::atomic<int> winners{0};
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    in_threads([&](std::size_t) {
      start.arrive_and_wait();
      health::Ticket ticket;
      if (endpoints[0].health.claim_probe(time_zero + Milliseconds(30'000), ticket)) ++winners;
    });
    ASSERT_EQ(winners, 1);
  }
}

}  // namespace
}  // namespace weir::upstream
