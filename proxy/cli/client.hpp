// The command line's side of the admin address: one blocking HTTP exchange at a time, and the commands that are
// made of them. Main thread of `weir status` and `weir reload`; nothing of the server's runs in that process.
#pragma once

#include <boost/json/object.hpp>
#include <iosfwd>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/error.hpp"

namespace weir::control {

inline constexpr std::size_t client_body_bytes_max = 16 * 1024 * 1024;
inline constexpr Milliseconds client_timeout{35'000};  // a reload may take AdminLimits::reload_timeout

struct AdminTarget {
  std::string address = "127.0.0.1:9900";  // host:port; a name is resolved
  std::string token;                       // empty: none is sent
};

/// `token`, or WEIR_ADMIN_TOKEN from the environment when it is empty.
std::string admin_token(std::string token);

struct AdminAnswer {
  int status = 0;
  std::string body;
};

/// `body` is JSON, or empty. Errors: connect_failed, connect_timeout (no whole answer in time), response_malformed.
Result<AdminAnswer> call_admin(const AdminTarget& target, std::string_view method, std::string_view path,
                               Milliseconds timeout = client_timeout, std::string body = {});

enum class ClientOutcome : std::uint8_t {
  done,
  refused,      // it answered, and would not
  unreachable,  // nothing answered, or not Weir
  taken_back,   // it was done, and undone
};

/// How a call ended; `body` only where it is done.
struct Asked {
  ClientOutcome outcome = ClientOutcome::done;
  std::string body;
};

/// call_admin for a command: done is an answer with status 200 or 202. What else came is said on `err`: one line for
/// the problem, and one for each of its errors (RFC 9457).
Asked ask_admin(const AdminTarget& target, std::string_view method, std::string_view path, std::ostream& err,
                Milliseconds timeout = client_timeout, std::string body = {});

/// Says on `err` what an answer that is not 200 says: one line for the problem, and one for each of its errors.
void print_problem(const AdminAnswer& answer, std::ostream& err);

/// Nothing answered: says so.
ClientOutcome unreachable(const AdminTarget& target, const Error& error, std::ostream& err);
/// What answered is not Weir: says so.
ClientOutcome not_weir(const AdminTarget& target, std::ostream& err);

/// Lets that time pass: between two looks.
void wait_for(Milliseconds time);

/// user@host of this process, for the audit.
std::string who_asks();

/// The object in an answer's body; empty when it holds none.
boost::json::object object_in(const std::string& body);

/// Prints what runs to `out`: a table, or with `as_json` one object (/api/v1/status with `upstreams` added).
ClientOutcome show_status(const AdminTarget& target, bool as_json, std::ostream& out, std::ostream& err);

}  // namespace weir::control
