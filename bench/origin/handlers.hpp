// The paths of weir-origin: what is answered to which request. Answers are written straight into the output;
// what takes longer leaves a responder. Any path that is not listed answers like `/`, so that routes and
// rewrites in front of it can be looked at. One loop's thread; reads Shared.
#pragma once

#include <memory>
#include <string>

#include "options.hpp"
#include "output.hpp"
#include "request.hpp"
#include "responder.hpp"

namespace weir::origin {

struct Reply {
  std::unique_ptr<Responder> responder;  // null: the answer is complete in the output
  bool websocket = false;                // 101 was sent: the connection is a WebSocket from here
  bool close = false;                    // no keep-alive whatever the client asked for
};

/// Answers `request`, which came from `client` ("address:port"); `reused`: it is not the first of its connection.
Reply handle(const Request& request, const std::string& client, bool reused, Shared& shared, Output& out);

/// The 400 (or other) that ends a connection whose bytes were not understood.
void append_refusal(Output& out, int status, const Shared& shared);

}  // namespace weir::origin
