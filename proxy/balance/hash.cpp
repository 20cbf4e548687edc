#include "balance/policies.hpp"
#include "split/affinity.hpp"

namespace weir::balance {
namespace {

/// Whom a key ranks first of those that were offered: smallest -log(bits) / weight.
class Ranking {
 public:
  void offer(const Choice& choice, std::uint64_t bits, std::uint64_t weight) {
    std::uint64_t drawn = 0;
    if (best_.index != none && !is_better(bits, weight, drawn)) return;
    best_ = choice;
    bits_ = bits;
    weight_ = weight;
    drawn_ = drawn;
  }
  const Choice& best() const { return best_; }
  std::uint64_t weight() const { return weight_; }

 private:
  /// The logarithms are only needed where one has more bits and the other more weight.
  bool is_better(std::uint64_t bits, std::uint64_t weight, std::uint64_t& drawn) {
    if (weight == weight_) return bits > bits_;
    if (weight < weight_ ? bits <= bits_ : bits >= bits_) return weight > weight_;
    drawn = split::exponential(bits);
    if (drawn_ == 0) drawn_ = split::exponential(bits_);
    return drawn * weight_ < drawn_ * weight;
  }

  Choice best_;
  std::uint64_t bits_ = 0, weight_ = 0;
  std::uint64_t drawn_ = 0;  // of bits_; 0: not yet
};

struct Sum {
  std::uint64_t requests = 1;  // with the one that is to come
  std::uint64_t weight = 0;

  /// One more request stays within 5/4 of the fair share, rounded up.
  bool has_room(std::uint64_t load, std::uint64_t its_weight) const {
    return load < hash_load_free || 4 * load * weight < 5 * requests * its_weight;
  }
};

std::uint64_t bits_of(const Field& field, std::size_t i, const Draw& draw) {
  return mix(draw.key ^ field[i].state->point);
}

}  // namespace

// Not all endpoints can be above 5/4 of the average, so one has room; where loads change meanwhile and none
// seems to, the key's first choice it is.
Choice hash(const Field& field, const Draw& draw) {
  Sum sum;
  Ranking all;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!field.may_pick(i)) continue;
    const Choice choice{i, field.load(i)};
    const std::uint64_t weight = field.weight(i);
    sum.requests += choice.in_flight;
    sum.weight += weight;
    all.offer(choice, bits_of(field, i, draw), weight);
  }
  if (all.best().index == none || sum.has_room(all.best().in_flight, all.weight())) return all.best();
  Ranking with_room;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const Choice choice{i, field.load(i)};
    const std::uint64_t weight = field.weight(i);
    if (!field.may_pick(i) || !sum.has_room(choice.in_flight, weight)) continue;
    with_room.offer(choice, bits_of(field, i, draw), weight);
  }
  return with_room.best().index != none ? with_room.best() : all.best();
}

}  // namespace weir::balance
