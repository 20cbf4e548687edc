// What would happen to a request, and why: from the configuration alone, without a server, or by what the running
// process holds at this moment (live.hpp). The request is composed as a client would send it, then read, routed and
// written anew by the same functions that serve. Pure; any thread, but for what says otherwise.
#pragma once

#include <string>
#include <vector>

#include "config/model.hpp"
#include "core/error.hpp"

namespace weir::control {

struct LiveSource;

struct ExplainRequest {
  std::string method;
  std::string url;                      // http(s)://host[:port]/path?query
  std::vector<std::string> headers;     // "Name: value"; a Host replaces the URL's
  std::string client_ip = "127.0.0.1";  // who is connected to Weir
  std::string listener{};               // name of the one that it comes in at; empty: the URL says
};

/// Text for people, lines ended by '\n', or JSON. Errors (malformed_request) are about `request` itself: what is wrong
/// and what would be right. A request that Weir would refuse is no error: the refusal is explained.
Result<std::string> explain(const config::Config& config, const ExplainRequest& request, bool json);

/// The same with what `live` holds now: buckets, weights in force, endpoints, bounds. Changes nothing there. Control
/// thread.
Result<std::string> explain_live(const LiveSource& live, const ExplainRequest& request, bool json);

}  // namespace weir::control
