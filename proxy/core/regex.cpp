#include "core/regex.hpp"

#include <algorithm>
#include <map>

#include "core/regex_syntax.hpp"

namespace weir {

/// Subset construction: a state of the deterministic automaton is the set of NFA states that the text so far
/// can have led to. State 0 is the empty set: no continuation can match.
class DfaBuilder {
 public:
  explicit DfaBuilder(const regex::Nfa& nfa) : nfa_(nfa) {}

  Result<Regex> run() {
    divide_bytes();
    state_of({}, false);
    regex_.start_ = state_of(closure({nfa_.start}, true, false), true);
    for (std::size_t state = 1; state < sets_.size(); ++state) {
      if (sets_.size() > Regex::dfa_states_max) {
        return self_error(ErrorKind::internal, "too complex: more than 2000 states");
      }
      for (std::size_t byte_class = 0; byte_class < regex_.classes_; ++byte_class) {
        const std::uint16_t target =
            state_of(after(sets_[state]->first, representatives_[byte_class]), false);
        regex_.next_[state * regex_.classes_ + byte_class] = target;
      }
    }
    return std::move(regex_);
  }

 private:
  using Set = std::vector<regex::Index>;  // sorted

  /// Bytes are of one class when every byte set of the expression holds both or neither.
  void divide_bytes() {
    std::array<std::size_t, 256> class_of{};
    std::size_t classes = 1;
    for (const regex::NfaState& state : nfa_.states) {
      if (state.kind != regex::NfaState::Kind::bytes) continue;
      std::map<std::pair<std::size_t, bool>, std::size_t> numbered;
      for (std::size_t byte = 0; byte < class_of.size(); ++byte) {
        const auto key = std::pair(class_of[byte], state.bytes[byte]);
        class_of[byte] = numbered.try_emplace(key, numbered.size()).first->second;
      }
      classes = numbered.size();
    }
    regex_.classes_ = classes;
    representatives_.resize(classes);
    for (std::size_t byte = 0; byte < class_of.size(); ++byte) {
      regex_.class_of_[byte] = static_cast<std::uint8_t>(class_of[byte]);
      representatives_[class_of[byte]] = byte;
    }
  }

  std::uint16_t state_of(const Set& set, bool at_begin) {
    // `^` holds only where the text begins, so the start is a state of its own even when its set comes again.
    const auto [entry, fresh] =
        states_.try_emplace({set, at_begin}, static_cast<std::uint16_t>(sets_.size()));
    if (fresh) {
      sets_.push_back(&entry->first);
      regex_.next_.resize(sets_.size() * regex_.classes_, Regex::dead);
      regex_.accepts_.resize(sets_.size());
      regex_.accepts_.back() = has_match(closure(set, at_begin, true)) ? 1 : 0;
    }
    return entry->second;
  }

  Set after(const Set& set, std::size_t byte) const {
    Set next;
    for (const regex::Index index : set) {
      const regex::NfaState& state = nfa_.states[index];
      if (state.kind == regex::NfaState::Kind::bytes && state.bytes[byte]) next.push_back(state.next);
    }
    return closure(next, false, false);
  }

  /// Everything reachable without a byte. Kept are the states that something can still depend on.
  Set closure(const Set& from, bool at_begin, bool at_end) const {
    using Kind = regex::NfaState::Kind;
    std::vector<bool> seen(nfa_.states.size());
    Set open = from;
    Set reached;
    while (!open.empty()) {
      const regex::Index index = open.back();
      open.pop_back();
      if (seen[index]) continue;
      seen[index] = true;
      const regex::NfaState& state = nfa_.states[index];
      const bool passes = state.kind == Kind::split || (state.kind == Kind::text_begin && at_begin) ||
                          (state.kind == Kind::text_end && at_end);
      if (passes) open.push_back(state.next);
      if (state.kind == Kind::split) open.push_back(state.other);
      if (state.kind != Kind::split && state.kind != Kind::text_begin) reached.push_back(index);
    }
    std::sort(reached.begin(), reached.end());
    return reached;
  }

  bool has_match(const Set& set) const {
    return std::any_of(set.begin(), set.end(), [this](regex::Index index) {
      return nfa_.states[index].kind == regex::NfaState::Kind::match;
    });
  }

  const regex::Nfa& nfa_;
  Regex regex_;
  std::vector<std::size_t> representatives_;  // one byte of each class
  std::map<std::pair<Set, bool>, std::uint16_t> states_;
  std::vector<const std::pair<Set, bool>*> sets_;  // by state; keys of a map stay where they are
};

Result<Regex> Regex::compile(std::string_view expression) {
  const Result<regex::Tree> tree = regex::parse(expression);
  if (!tree) return tree.error();
  const Result<regex::Nfa> nfa = regex::build_nfa(*tree);
  if (!nfa) return nfa.error();
  return DfaBuilder(*nfa).run();
}

}  // namespace weir
