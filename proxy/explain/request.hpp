// The request that `weir explain` was asked about, composed and read like one from a client. Pure; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "config/model.hpp"
#include "core/error.hpp"
#include "core/ip.hpp"
#include "explain/explain.hpp"
#include "http/head.hpp"

namespace weir::control {

struct ChosenListener {
  std::size_t index = 0;
  std::string note;  // why, where port and scheme of the URL do not settle it
};

/// A request as it would arrive: the bytes that a client would send, and how Weir reads them.
struct ComposedRequest {
  IpAddress peer;
  ChosenListener listener;
  std::unique_ptr<std::string> bytes;  // stay where they are: `head` looks into them
  http::RequestHead head;
  std::optional<Error> refusal;  // what is wrong with the head, as Weir would answer it
};

/// Errors (malformed_request): method, URL, header or address are not what their names say.
Result<ComposedRequest> compose_request(const config::Config& config, const ExplainRequest& request);

}  // namespace weir::control
