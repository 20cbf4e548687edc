// What each admin action answers: asks the backend, waits for it without blocking the thread, and gives up in
// time. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "admin/backend.hpp"
#include "admin/response.hpp"
#include "admin/rules.hpp"

namespace weir::control {

/// What some actions need of the request.
struct AdminDetails {
  std::string_view target, body;
  std::string peer;  // the client's address
  std::string_view last_event_id;
};

/// `backend` and `details` are used before the first suspension only; they may be gone when this resumes.
boost::asio::awaitable<AdminResponse> answer(boost::asio::io_context& io, AdminBackend& backend,
                                             AdminAction action, const AdminDetails& details = {});

}  // namespace weir::control
