// The admin address: HTTP/1.1 for health checks, metrics, the API and the admin page, on the control thread's
// io_context. Every call, construction and destruction too, on that thread. What is let in: admin_rules.hpp; what
// is shown comes from the AdminBackend, which outlives the server.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "admin/backend.hpp"
#include "admin/rules.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/ip.hpp"

namespace weir::control {

struct AdminLimits {
  static constexpr std::size_t connections_max =
      128;  // for a further one the longest idle one is closed; where none idles it is closed itself
  static constexpr std::size_t header_bytes_max = 16 * 1024;
  static constexpr std::size_t body_bytes_max = 64 * 1024;
  static constexpr std::size_t linger_bytes_max = 256 * 1024;  // thrown away, so that a refusal arrives
  static constexpr Milliseconds idle_timeout{60'000};          // kept alive and silent
  static constexpr Milliseconds request_timeout{10'000};       // head and body, from the first byte
  static constexpr Milliseconds response_timeout{10'000};      // to take a whole response
  static constexpr Milliseconds linger_timeout{1'000};
  static constexpr Milliseconds backend_timeout{5'000};  // past it 503
  static constexpr Milliseconds reload_timeout{30'000};
  static constexpr Milliseconds accept_pause{100};        // after accept failed: out of descriptors
  static constexpr Milliseconds event_heartbeat{15'000};  // a comment on a stream that has nothing to say
};

struct AdminOptions {
  AdminRules rules{};
  std::function<void()> accept_failed{};  // such as for want of descriptors; it is tried again
  Milliseconds event_heartbeat = AdminLimits::event_heartbeat;
};

class AdminServer {
 public:
  AdminServer(boost::asio::io_context& io, SocketAddress address, AdminOptions options,
              AdminBackend& backend);
  ~AdminServer();  // close()
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// Binds and starts to accept; returns the bound address (port 0 is allowed). Error: internal.
  Result<SocketAddress> start();
  /// Takes effect from the next request on (a reload may change it). Other tokens end the streams that are open.
  void set_rules(AdminRules rules);
  std::size_t connections() const;
  /// Of these, those that wait for a request.
  std::size_t idle_connections() const;
  /// Clients of /api/v1/events that read a stream.
  std::size_t event_streams() const;
  /// Clients of /api/v1/stream.
  std::size_t live_streams() const;
  /// Every stream sends what is left and ends, and no new one starts.
  void end_event_streams();
  /// Closes every socket; answers that are under way are cut.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weir::control
