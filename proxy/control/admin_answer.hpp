// What each admin action answers: asks the backend, waits for it without blocking the thread, and gives up in
// time. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "control/admin_backend.hpp"
#include "control/admin_response.hpp"
#include "control/admin_rules.hpp"

namespace weir::control {

/// `backend` is used before the first suspension only; it may be gone when this resumes.
boost::asio::awaitable<AdminResponse> answer(boost::asio::io_context& io, AdminBackend& backend,
                                             AdminAction action);

}  // namespace weir::control
