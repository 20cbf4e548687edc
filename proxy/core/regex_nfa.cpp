#include "core/regex_syntax.hpp"

namespace weir::regex {
namespace {

/// Builds from the end: `emit(node, next)` makes the states that match `node` and go on at `next`, and
/// returns where they begin. Past the bound nothing is made any more.
class NfaBuilder {
 public:
  explicit NfaBuilder(const Tree& tree) : tree_(tree) {}

  Result<Nfa> run() {
    const Index match = add({});
    nfa_.start = emit(tree_.root, match);
    if (full_) return self_error(ErrorKind::internal, "too many repeats: write it shorter");
    return std::move(nfa_);
  }

 private:
  Index add(NfaState state) {
    if (nfa_.states.size() >= nfa_states_max) full_ = true;
    if (full_) return 0;
    nfa_.states.push_back(std::move(state));
    return static_cast<Index>(nfa_.states.size() - 1);
  }
  Index split(Index one, Index other) {
    NfaState state;
    state.kind = NfaState::Kind::split;
    state.next = one;
    state.other = other;
    return add(std::move(state));
  }
  Index step(NfaState::Kind kind, const ByteSet& bytes, Index next) {
    NfaState state;
    state.kind = kind;
    state.bytes = bytes;
    state.next = next;
    return add(std::move(state));
  }

  Index emit(Index index, Index next) {
    if (full_) return 0;
    const Node& node = tree_.nodes[index];
    switch (node.kind) {
      case Node::Kind::bytes:
        return step(NfaState::Kind::bytes, node.bytes, next);
      case Node::Kind::text_begin:
        return step(NfaState::Kind::text_begin, {}, next);
      case Node::Kind::text_end:
        return step(NfaState::Kind::text_end, {}, next);
      case Node::Kind::sequence:
        for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
          next = emit(*child, next);
        }
        return next;
      case Node::Kind::alternatives: {
        Index start = emit(node.children.back(), next);
        for (auto child = node.children.rbegin() + 1; child != node.children.rend(); ++child) {
          start = split(emit(*child, next), start);
        }
        return start;
      }
      case Node::Kind::repeat:
        return emit_repeat(node, next);
    }
    return next;
  }

  Index emit_repeat(const Node& node, Index next) {
    const Index child = node.children[0];
    std::size_t still_required = node.min;
    Index start = next;
    if (node.max == Node::unbounded) {
      const Index loop = split(0, next);
      const Index body = emit(child, loop);
      if (full_) return 0;
      nfa_.states[loop].next = body;
      start = loop;
      if (still_required > 0) {  // the loop's body is the last required one
        start = body;
        --still_required;
      }
    } else {
      for (std::size_t i = node.min; i < node.max && !full_; ++i) start = split(emit(child, start), next);
    }
    for (; still_required > 0 && !full_; --still_required) start = emit(child, start);
    return start;
  }

  const Tree& tree_;
  Nfa nfa_;
  bool full_ = false;
};

}  // namespace

Result<Nfa> build_nfa(const Tree& tree) {
  return NfaBuilder(tree).run();
}

}  // namespace weir::regex
