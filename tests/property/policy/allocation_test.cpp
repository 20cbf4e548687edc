// What runs for every request allocates nothing: operator new is replaced here for the whole test program, and
// counts. Not under sanitizers, which bring an operator new of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_OWN_OPERATOR_NEW 0
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_OWN_OPERATOR_NEW 0
#endif
#ifndef WEIR_OWN_OPERATOR_NEW
#define WEIR_OWN_OPERATOR_NEW 1
#endif

#if WEIR_OWN_OPERATOR_NEW
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "balance/balance.hpp"
#include "core/regex.hpp"
#include "unit/balance/choosing.hpp"
#include "unit/route/routes.hpp"

namespace {
thread_local std::size_t allocations = 0;
}

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace weir {
namespace {

template <class Work>
std::size_t allocations_of(Work work) {
  const std::size_t before = allocations;
  work();
  return allocations - before;
}

TEST(Allocations, AreSeen) {
  EXPECT_GT(allocations_of([] { std::string(1000, 'x'); }), 0u);
}

TEST(Allocations, FindingARouteMakesNone) {
  config::Route special = route::route({"*.a-rather-long-name.example.com"}, route::expression("/v[12]/.*"));
  special.match.methods = {"POST"};
  special.match.headers = {route::header("X-A", config::HeaderMatch::Kind::regex, "[a-z]+")};
  const route::RouteTable table({special,
                                 route::route({}, route::prefix("/a-prefix-beyond/any-small-string")),
                                 route::route({}, route::prefix("/"))});
  const std::vector<http::Field> fields{route::field("x-a", "abc")};
  route::Request request{"www.a-rather-long-name.example.com", "/v1/x", "POST", &fields, 0};
  std::size_t found = table.find(request);  // an expression builds its automaton when it is first used
  EXPECT_EQ(allocations_of([&] { found = table.find(request); }), 0u);
  EXPECT_EQ(found, 0u);
  request.path = "/a-prefix-beyond/any-small-string/x/y";
  found = table.find(request);
  EXPECT_EQ(allocations_of([&] { found = table.find(request); }), 0u);
  EXPECT_EQ(found, 1u);
}

TEST(Allocations, PickingAnEndpointMakesNone) {
  Endpoints endpoints({1, 2, 3});
  balance::Shared shared;
  for (const auto policy :
       {config::Balance::least_connections, config::Balance::round_robin, config::Balance::random_two,
        config::Balance::least_latency, config::Balance::hash}) {
    EXPECT_EQ(allocations_of([&] {
                const auto pick = balance::acquire(policy, shared, endpoints.candidates(), balance::asking());
                upstream::report_failure(shared.ejections, endpoints.candidates(), endpoints[pick.index],
                                         ejecting_after(1), time_zero, pick.ticket);
                balance::release(endpoints[pick.index]);
              }),
              0u);
  }
}

}  // namespace
}  // namespace weir

#endif  // WEIR_OWN_OPERATOR_NEW
