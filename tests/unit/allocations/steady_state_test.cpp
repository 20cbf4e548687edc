// A worker that serves takes nothing from the heap: whole requests over loopback sockets, with every call of operator
// new on the worker's thread counted. The first requests are not: buffers, coroutine frames and connections to the
// endpoint are made for them and kept. What OpenSSL takes for itself is reported; nghttp2's tables of HPACK come from
// malloc and are not seen. Without the access log: a batch of lines that is handed over needs a new buffer whenever the
// writer is behind.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <new>
#include <ostream>
#include <string>

#include "one_worker.hpp"
#include "support/sanitizer.hpp"

namespace weir::bench {
namespace {

constexpr int warm_up = 200, counted = 1000;  // requests

struct Case {
  std::string name;
  Job job;
};

void PrintTo(const Case& tested, std::ostream* out) {
  *out << tested.name;
}

/// What the worker's thread took while it answered `counted` requests, after `warm_up` others. What is rare, such as a
/// write that has to wait on a busy machine, takes its memory when it happens first: then the count is taken anew.
Allocations taken(const Job& job) {
  constexpr int counts_max = 3;
  Chain chain(job);
  for (int i = 0; i < warm_up; ++i) EXPECT_TRUE(chain.client.ask()) << "request " << i;
  Allocations found;
  for (int count = 0; count < counts_max; ++count) {
    const Allocations before = chain.worker.allocations();
    for (int i = 0; i < counted; ++i)
      EXPECT_TRUE(chain.client.ask()) << "request " << i << " of count " << count;
    const Allocations after = chain.worker.allocations();
    found = {after.own - before.own, after.openssl - before.openssl};
    if (found.own == 0) break;
  }
  return found;
}

class SteadyStateTest : public ::testing::TestWithParam<Case> {};

TEST_P(SteadyStateTest, TakesNothingFromTheHeap) {
  if (testing::built_sanitized) GTEST_SKIP() << "a sanitizer's build does not pool coroutine frames";
  const Allocations found = taken(GetParam().job);
  EXPECT_EQ(found.own, 0U) << "in " << counted << " requests";
  RecordProperty("openssl_allocations", std::to_string(found.openssl));
}

TEST(AllocationsTest, CountWhatThisThreadTakes) {
  const Allocations before = allocations();
  ::operator delete(::operator new(8));  // called by name: a compiler may leave out a new-expression
  constexpr std::align_val_t wide{64};
  ::operator delete(::operator new(64, wide), wide);
  EXPECT_EQ(allocations().own - before.own, 2U);
  EXPECT_TRUE(counts_openssl());
  OPENSSL_free(OPENSSL_malloc(1));
  EXPECT_EQ(allocations().openssl - before.openssl, 1U);
}

INSTANTIATE_TEST_SUITE_P(Jobs, SteadyStateTest,
                         ::testing::Values(Case{"Plain", {}}, Case{"Post16KiB", {.request_bytes = 16'384}},
                                           Case{"Answer64KiB", {.answer_bytes = 65'536}},
                                           Case{"Tls", {.tls = true}},
                                           Case{"TlsPost16KiB", {.tls = true, .request_bytes = 16'384}},
                                           Case{"Http2", {.http2 = true}},
                                           Case{"Http2Streams16", {.http2 = true, .streams = 16}},
                                           Case{"Http2Post1KiB", {.request_bytes = 1024, .http2 = true}},
                                           Case{"Split", {.split = Job::Split::split}},
                                           Case{"Rollout", {.split = Job::Split::rollout}},
                                           Case{"TlsAnswer64KiB", {.tls = true, .answer_bytes = 65'536}}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace weir::bench
