// A model with a process that has two upstreams, a split, a limit, a rollout and a problem.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "top/model.hpp"

namespace weir::top {

inline boost::json::value sample_snapshot() {
  return boost::json::parse(R"({
    "view": {
      "at": "2026-11-30T10:02:05.500Z",
      "process": {"version": "0.1.0", "boot": "94508a74", "state": "ready", "started": "2026-11-30T08:00:00.988Z",
                  "workers": 2},
      "config": {"generation": 7, "tag": "94508a74-7"},
      "problems": [
        {"severity": "bad", "about": "upstream", "name": "green", "text": "green: no endpoint is usable"},
        {"severity": "note", "about": "upstream", "name": "blue", "text": "blue/10.0.0.2:80 is drained"}],
      "traffic": {"requests": 9000, "rps": 1204.4, "client_errors_ps": 2, "failed_ps": 0.25, "p95_ms": 12.3,
                  "in_flight": 34},
      "routes": {
        "api": {"place": 1, "action": "split", "upstreams": ["blue", "green"], "rps": 1204.4, "client_errors_ps": 2,
                "failed_ps": 0.25, "p95_ms": 12.3},
        "admin": {"place": 0, "action": "respond 404", "upstreams": [], "rps": 0, "client_errors_ps": 0,
                  "failed_ps": 0}},
      "splits": {"api": {"tag": "94508a74-7", "targets": [
        {"upstream": "blue", "share": 0.9}, {"upstream": "green", "share": 0.1}]}},
      "upstreams": {
        "blue": {"place": 0, "protocol": "http1", "balance": "least_connections", "panic": false, "rps": 1084,
                 "failed_ps": 0, "p95_ms": 11, "endpoints": {
          "10.0.0.1:80": {"place": 0, "state": "healthy", "weight": 1, "effective_weight": 1, "rps": 1084,
                          "failed_ps": 0, "p95_ms": 11, "in_flight": 30},
          "10.0.0.2:80": {"place": 1, "state": "drain", "weight": 2, "effective_weight": 0.5, "rps": 0,
                          "failed_ps": 0, "in_flight": 1, "taken_out": {"who": "ann@ops", "reason": "a new disk"}}}},
        "green": {"place": 1, "protocol": "h2c", "balance": "round_robin", "panic": false, "rps": 120.4,
                  "failed_ps": 0.25, "p95_ms": 1400, "endpoints": {
          "10.0.1.1:80": {"place": 0, "state": "ejected", "weight": 1, "effective_weight": 1, "rps": 120.4,
                          "failed_ps": 0.25, "p95_ms": 1400, "in_flight": 3, "why": "3 consecutive failures",
                          "until": "2026-11-30T10:02:30.000Z"}}}},
      "limits": {"api": {"place": 0, "mode": "refuse", "keys": 1200, "refused": 15, "refused_ps": 1.5,
                         "shadow_ps": 0}},
      "rollouts": {"api": {"state": "running", "canary": "green", "comparison": "blue", "weight_percent": 25,
                           "step": 2, "steps": [5, 25, 50, 100],
                           "sides": {"canary": {"requests": 98, "failed": 7, "p95_ms": 20},
                                     "comparison": {"requests": 1874, "failed": 9, "p95_ms": 18}},
                           "evidence": {"failures": 12, "latency": 0.4, "limit": 100, "suspicion": 10},
                           "done": [{"sentence": "api: started green at 5 %."},
                                    {"sentence": "api: green from 5 % to 25 %."}]}},
      "workers": [{"requests": 6000, "rps": 800, "connections": 20},
                  {"requests": 3000, "rps": 404.4, "connections": 14}]
    },
    "history": {"seconds": 4, "all": {"requests": [0, 300, 600, 1200], "p95_ms": [null, 10, 12, 12]},
                "routes": {"api": {"requests": [0, 300, 600, 1200]}},
                "upstreams": {"blue": {"requests": [0, 300, 600, 1080]}}}
  })");
}

inline Model sample_model() {
  Model model;
  model.take("snapshot", sample_snapshot());
  model.take("event", boost::json::parse(R"({"id": 1, "ts": "2026-11-30T10:01:59.287Z", "level": "warn",
    "kind": "ejected", "text": "ejected green/10.0.1.1:80 for 30 s: 3 consecutive failures"})"));
  return model;
}

}  // namespace weir::top
