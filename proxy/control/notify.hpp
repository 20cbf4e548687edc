// Notifies systemd of the state of this process (sd_notify(3)) by its datagram protocol, without
// libsystemd. Control thread, or any one thread at a time. Without NOTIFY_SOCKET every call does nothing.
#pragma once

#include <string>
#include <string_view>

namespace weir::control {

class Notifier {
 public:
  /// `socket`: a path, or an abstract name that starts with '@'; empty: off.
  explicit Notifier(std::string socket) : socket_(std::move(socket)) {}
  /// Takes NOTIFY_SOCKET out of the environment, so that no child notifies in our place.
  static Notifier from_environment();

  bool enabled() const { return !socket_.empty(); }

  // Each returns whether the message was handed over; systemd answers nothing.
  bool ready(std::string_view status);
  /// Call ready() when the reload has ended, whichever way.
  bool reloading();
  bool stopping(std::string_view status);
  bool status(std::string_view text);

 private:
  bool send(std::string_view message);
  std::string socket_;
};

}  // namespace weir::control
