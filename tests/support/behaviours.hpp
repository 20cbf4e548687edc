// Ready-made behaviours for a ScriptableEndpoint's requests. `raw` is sent as it is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/scriptable_endpoint.hpp"

namespace weir::testing::behave {

/// A 200 with Content-Length and `extra_fields` (whole lines).
std::string ok_message(const std::string& body, const std::string& extra_fields = "");

RequestBehaviour ok(const std::string& body = "ok", const std::string& extra_fields = "");
/// An empty response of that status.
RequestBehaviour status(int code);
RequestBehaviour respond(std::string raw);
/// The request's body back.
RequestBehaviour echo();
/// `raw`, then an orderly close.
RequestBehaviour respond_then_close(std::string raw);
/// `raw`, then RST.
RequestBehaviour respond_then_reset(std::string raw);
RequestBehaviour close();
RequestBehaviour reset();
/// Never answers; reads on until the peer goes.
RequestBehaviour hang();
/// Waits until the test opens the gate.
RequestBehaviour gated(std::shared_ptr<Gate> gate, RequestBehaviour then);
RequestBehaviour slow(std::string raw, std::size_t piece_bytes, std::chrono::milliseconds pause);
/// One after the other over all connections; the last one stays.
RequestBehaviour sequence(std::vector<RequestBehaviour> steps);

}  // namespace weir::testing::behave
