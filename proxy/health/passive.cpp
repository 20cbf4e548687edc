#include "health/passive.hpp"

#include <algorithm>

namespace weir::health {
namespace {

// Ends are rounded up and the present down, so that an ejection is never shorter than configured.
std::uint64_t ceil_ms(TimePoint time) {
  const auto ms = std::chrono::ceil<Milliseconds>(time.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<decltype(ms)>(ms, 0));
}

std::uint64_t floor_ms(TimePoint time) {
  const auto ms = std::chrono::floor<Milliseconds>(time.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<decltype(ms)>(ms, 0));
}

/// What is left of a row of ejections after `since`: one step less for each full ejection_time.
unsigned decayed(unsigned in_row, const config::PassiveHealth& settings, TimePoint now, TimePoint since) {
  if (now <= since) return in_row;
  if (settings.ejection_time <= Milliseconds::zero()) return 0;
  const auto steps = (now - since) / settings.ejection_time;
  return steps >= Milliseconds::rep{in_row} ? 0 : in_row - static_cast<unsigned>(steps);
}

}  // namespace

Milliseconds ejection_time(const config::PassiveHealth& settings, unsigned in_row) {
  const Milliseconds longest = std::max(settings.max_ejection_time, settings.ejection_time);
  Milliseconds time = settings.ejection_time;
  for (unsigned i = 1; i < in_row && time < longest; ++i) time *= 2;
  return std::min(time, longest);
}

constexpr PassiveHealth::Word PassiveHealth::make(State state, std::uint16_t epoch, unsigned in_row,
                                                  Word payload) {
  return (payload << payload_shift) | (Word{in_row} << row_shift) | (Word{epoch} << state_bits) |
         static_cast<Word>(state);
}

PassiveHealth::Word PassiveHealth::ejected_word(Word before, unsigned in_row, TimePoint until) {
  const auto epoch = static_cast<std::uint16_t>(epoch_of(before) + 1);
  return make(State::ejected, epoch, in_row, std::min<Word>(ceil_ms(until), payload_max));
}

/// From healthy (what the row has lost meanwhile comes off first) or after a failed probe.
PassiveHealth::Word PassiveHealth::next_ejection(Word before, const config::PassiveHealth& settings,
                                                 TimePoint now, Service service) {
  unsigned in_row = in_row_of(before);
  if (state_of(before) == State::healthy) {
    in_row = decayed(in_row, settings, now, service.since) + 1;
  } else if (!service.shared_cause) {
    ++in_row;
  }
  in_row = std::clamp(in_row, 1U, in_row_max);
  return ejected_word(before, in_row, now + ejection_time(settings, in_row));
}

bool PassiveHealth::probe_due(Word word, TimePoint now) {
  return state_of(word) != State::healthy && payload_of(word) <= floor_ms(now);
}

bool PassiveHealth::is_current(Word word, Ticket ticket) {
  return state_of(word) == State::healthy && epoch_of(word) == ticket.epoch;
}

bool PassiveHealth::due(Word word, const config::PassiveHealth& settings, Ticket ticket) {
  return settings.consecutive_failures != 0 && is_current(word, ticket) &&
         payload_of(word) >= settings.consecutive_failures;
}

bool PassiveHealth::is_probe(Word word, Ticket ticket) {
  return ticket.probe && state_of(word) != State::healthy && epoch_of(word) == ticket.epoch;
}

bool PassiveHealth::is_latest_probe(Word word, Ticket ticket) {
  return is_probe(word, ticket) && state_of(word) == State::half_open &&
         payload_of(word) == ticket.patience_end;
}

bool PassiveHealth::replace(Word& expected, Word desired) {
  return word_.compare_exchange_weak(expected, desired, std::memory_order_acq_rel, std::memory_order_acquire);
}

TimePoint PassiveHealth::ejected_until() const {
  const Word word = word_.load(std::memory_order_relaxed);
  if (state_of(word) != State::ejected) return TimePoint::min();
  return TimePoint{Milliseconds{static_cast<Milliseconds::rep>(payload_of(word))}};
}

std::uint64_t PassiveHealth::consecutive_failures() const {
  const Word word = word_.load(std::memory_order_relaxed);
  return state_of(word) == State::healthy ? payload_of(word) : 0;
}

unsigned PassiveHealth::row_now(const config::PassiveHealth& settings, TimePoint now, TimePoint since) const {
  const Word word = word_.load(std::memory_order_acquire);
  return state_of(word) == State::healthy ? decayed(in_row_of(word), settings, now, since) : in_row_of(word);
}

bool PassiveHealth::claim_probe(TimePoint now, Ticket& ticket) {
  Word word = word_.load(std::memory_order_relaxed);
  while (probe_due(word, now)) {
    const Word patience_end = std::min<Word>(ceil_ms(now + probe_patience), payload_max);
    if (!replace(word, make(State::half_open, epoch_of(word), in_row_of(word), patience_end))) continue;
    ticket = {epoch_of(word), true, patience_end};
    return true;
  }
  return false;
}

void PassiveHealth::abandon_probe(TimePoint now, Ticket ticket) {
  Word word = word_.load(std::memory_order_relaxed);
  // Rounded down: the very next request may probe. The epoch stays: a probe before this one may still have a verdict.
  while (is_latest_probe(word, ticket) &&
         !replace(word, make(State::ejected, epoch_of(word), in_row_of(word), floor_ms(now)))) {
  }
}

void PassiveHealth::begun_probe(TimePoint now, Ticket& ticket) {
  const Word patience_end = std::min<Word>(ceil_ms(now + begun_patience), payload_max);
  Word word = word_.load(std::memory_order_relaxed);
  while (is_latest_probe(word, ticket) && patience_end < payload_of(word)) {
    if (!replace(word, make(State::half_open, epoch_of(word), in_row_of(word), patience_end))) continue;
    ticket.patience_end = patience_end;
    return;
  }
}

Change PassiveHealth::report_success(Ticket ticket) {
  Word word = word_.load(std::memory_order_relaxed);
  for (;;) {
    const bool probed = is_probe(word, ticket);
    const bool ends_failures = is_current(word, ticket) && payload_of(word) != 0;
    if (!probed && !ends_failures) return Change::none;
    if (replace(word, make(State::healthy, epoch_of(word), in_row_of(word), 0))) {
      return probed ? Change::recovered : Change::none;
    }
  }
}

Change PassiveHealth::report_failure(const config::PassiveHealth& settings, TimePoint now, bool may_eject,
                                     Ticket ticket, Service service) {
  const bool off = settings.consecutive_failures == 0 && settings.failure_rate == 0;
  Word word = word_.load(std::memory_order_relaxed);
  for (;;) {
    if (is_probe(word, ticket)) {
      const Word next =
          off ? make(State::healthy, epoch_of(word), 0, 0) : next_ejection(word, settings, now, service);
      if (replace(word, next)) return off ? Change::recovered : Change::re_ejected;
      continue;
    }
    if (off || !is_current(word, ticket)) return Change::none;
    Word next =
        make(State::healthy, epoch_of(word), in_row_of(word), std::min(payload_of(word) + 1, payload_max));
    const bool eject = may_eject && due(next, settings, ticket);
    if (eject) next = next_ejection(next, settings, now, service);
    if (replace(word, next)) return eject ? Change::ejected : Change::none;
  }
}

Change PassiveHealth::eject_if_due(const config::PassiveHealth& settings, TimePoint now, Ticket ticket,
                                   Service service) {
  Word word = word_.load(std::memory_order_acquire);
  while (due(word, settings, ticket)) {
    if (replace(word, next_ejection(word, settings, now, service))) return Change::ejected;
  }
  return Change::none;
}

Change PassiveHealth::eject(const config::PassiveHealth& settings, TimePoint now, Ticket ticket,
                            Service service) {
  Word word = word_.load(std::memory_order_acquire);
  while (is_current(word, ticket)) {
    if (replace(word, next_ejection(word, settings, now, service))) return Change::ejected;
  }
  return Change::none;
}

bool PassiveHealth::end_ejection(unsigned discounted) {
  Word word = word_.load(std::memory_order_acquire);
  while (state_of(word) != State::healthy) {
    const auto epoch = static_cast<std::uint16_t>(epoch_of(word) + 1);
    const unsigned in_row = in_row_of(word) - std::min(in_row_of(word), discounted);
    if (replace(word, make(State::healthy, epoch, in_row, 0))) return true;
  }
  return false;
}

bool PassiveHealth::shorten_ejection(TimePoint latest) {
  Word word = word_.load(std::memory_order_acquire);
  const Word end = std::min<Word>(ceil_ms(latest), payload_max);
  while (state_of(word) == State::ejected && payload_of(word) > end) {
    if (replace(word, make(State::ejected, epoch_of(word), in_row_of(word), end))) return true;
  }
  return false;
}

}  // namespace weir::health
