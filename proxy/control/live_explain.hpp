// Answers POST /api/v1/explain from what the process holds at the moment: the question is read, and the snapshot and
// what operators said are looked at. Changes nothing. Control thread.
#pragma once

#include <string>
#include <string_view>

#include "admin/backend.hpp"
#include "control/endpoint_control.hpp"
#include "control/overload_guard.hpp"
#include "control/route_pauses.hpp"
#include "control/serving.hpp"
#include "control/split_control.hpp"

namespace weir::control {

class LiveExplain {
 public:
  /// All outlive it.
  LiveExplain(const Serving& serving, const OverloadGuard& overload, const SplitControl& splits,
              const EndpointControl& endpoints, const RoutePauses& pauses)
      : serving_(serving), overload_(overload), splits_(splits), endpoints_(endpoints), pauses_(pauses) {}

  /// `body`: admin/explain_request.hpp. 422 where it is wrong.
  ExplainOutcome answer(std::string_view body) const;

 private:
  std::string taken_out(const upstream::EndpointState& endpoint) const;
  std::string weights_set(const std::string& route) const;
  std::string paused(const std::string& route) const;

  const Serving& serving_;
  const OverloadGuard& overload_;
  const SplitControl& splits_;
  const EndpointControl& endpoints_;
  const RoutePauses& pauses_;
};

}  // namespace weir::control
