// What operators ask of a rollout.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rollout/rollout.hpp"
#include "rollout/wording.hpp"

namespace weir::rollout {
namespace {

Error refused(std::string detail) {
  return self_error(ErrorKind::internal, std::move(detail));
}

Error over() {
  return refused("the rollout is over");
}

}  // namespace

Result<Decision> Rollout::hold(std::string reason) {
  if (is_over()) return over();
  if (state_.is_operator_hold) return refused("an operator holds it already");
  state_.is_operator_hold = true;
  return worded(make(Kind::held, Cause::operator_asked, std::move(reason)));
}

Result<Decision> Rollout::resume(std::string reason) {
  if (is_over()) return over();
  if (state_.is_operator_hold) {
    state_.is_operator_hold = false;
  } else if (state_.held == Held::shared_cause) {
    state_.held.reset();
    recent_.accept_present();
  } else if (state_.held) {
    return refused("only traffic, or `promote` or `rollback`, ends this hold");
  } else {
    return refused("it is not held");
  }
  return worded(make(Kind::resumed, Cause::operator_asked, std::move(reason)));
}

Result<Decision> Rollout::promote(std::optional<Share> to, std::string reason) {
  if (is_over()) return over();
  if (to && (*to <= state_.share || *to > whole))
    return refused(fmt::format("{} is not above {} and up to 100 %", percent(*to), percent(state_.share)));
  const std::vector<Share>& steps = settings_.steps;
  const auto next = std::ranges::upper_bound(steps, state_.share);
  if (!to)
    return go_to(static_cast<std::uint32_t>(next - steps.begin()), 0, Cause::operator_asked,
                 std::move(reason));
  const auto above = std::ranges::upper_bound(steps, *to);
  const auto step = static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(above - steps.begin(), 1) - 1);
  return go_to(step, *to, Cause::operator_asked, std::move(reason));
}

Result<Decision> Rollout::roll_back(std::string reason) {
  if (is_over()) return over();
  return back(Cause::operator_asked, std::move(reason));
}

}  // namespace weir::rollout
