// One choice of a policy, without counting it.
#pragma once

#include "balance/policies.hpp"
#include "unit/balance/endpoints.hpp"

namespace weir::balance {

/// `excluded`: bit i stands for candidate i.
inline Tried tried_of(std::uint64_t excluded) {
  Tried tried;
  for (std::size_t i = 0; i < 64; ++i) {
    if ((excluded >> i & 1) != 0) tried.add(i);
  }
  return tried;
}

inline PickRequest asking(TimePoint now = time_zero, std::uint64_t excluded = 0) {
  PickRequest request;
  request.now = now;
  request.tried = tried_of(excluded);
  return request;
}

inline std::size_t chosen(Policy policy, const Endpoints& endpoints, const Draw& draw,
                          const Tried& tried = {}, Milliseconds slow_start = Milliseconds(0)) {
  PickRequest request;
  request.now = draw.now == TimePoint{} ? time_zero : draw.now;
  request.tried = tried;
  Draw at = draw;
  at.now = request.now;
  return policy(Field(endpoints.candidates(), request, slow_start), at).index;
}

inline Draw turn_of(std::uint64_t turn) {
  Draw draw;
  draw.turn = turn;
  return draw;
}

inline Draw random_of(std::uint64_t random, TimePoint now = time_zero) {
  Draw draw;
  draw.random = random;
  draw.now = now;
  return draw;
}

inline Draw key_of(std::uint64_t key) {
  Draw draw;
  draw.key = key;
  return draw;
}

}  // namespace weir::balance
