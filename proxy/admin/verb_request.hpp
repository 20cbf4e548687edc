// The bodies of PUT /api/v1/routes/NAME/pause, POST .../promote and .../rollback, and POST /api/v1/reload, read
// strictly: what is wrong is said member by member. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "admin/request_body.hpp"
#include "config/model.hpp"
#include "core/clock.hpp"

namespace weir::control {

inline constexpr Milliseconds pause_default{30'000};
inline constexpr Milliseconds pause_max{3'600'000};
inline constexpr std::uint32_t pause_queue_default = 1'024;  // requests of one route that wait
inline constexpr std::uint32_t pause_queue_max = 100'000;

/// {"state":"paused","max":"30s","queue":1024,"reason":...,"who":...}
struct PauseRequest {
  bool paused = true;
  Milliseconds max = pause_default;           // then the route resumes by itself
  std::uint32_t queue = pause_queue_default;  // requests that may wait
  std::string reason, who;
};
std::variant<PauseRequest, Problems> parse_pause_request(std::string_view body);

/// {"to":"green","reason":...,"who":...,"generation":...}; `to` only of a promotion.
struct WeightsRequest {
  std::string to;  // empty: the new side
  std::string reason, who;
  std::optional<std::string> generation;  // only while this one is in use: its number or tag
};
std::variant<WeightsRequest, Problems> parse_promote_request(std::string_view body);
std::variant<WeightsRequest, Problems> parse_rollback_request(std::string_view body);

/// {"guard":"30s","reason":...,"who":...}; an empty body asks for nothing special.
struct ReloadRequest {
  std::optional<Milliseconds> guard;  // 0: none; nothing: server.reload_guard
  std::string reason, who;
};
std::variant<ReloadRequest, Problems> parse_reload_request(std::string_view body);

}  // namespace weir::control
