// Sessions that endpoints gave us, to resume on the next connection: bounded, by peer, of one ClientContext.
// Any thread (short lock, handshakes only). Sessions are copied on the way in and out: OpenSSL spoils the session of
// an SSL that is freed without SSL_shutdown, and a proxy drops connections without one all the time.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tls/handles.hpp"

namespace weir::tls {

class ClientSessions {
 public:
  static constexpr std::size_t peers_max = 1024;           // past it the one used longest ago is forgotten
  static constexpr std::size_t sessions_per_peer_max = 8;  // past it the peer's oldest goes

  /// Keeps a copy of `session` for `peer`. One that cannot be resumed is ignored.
  void put(std::string_view peer, SSL_SESSION* session);
  /// The peer's newest session, or null. A TLS 1.3 session is given out once (RFC 8446 C.4: reused tickets
  /// let an observer link connections), an older one stays.
  SessionPtr take(std::string_view peer);
  std::size_t size() const;

 private:
  struct Peer {
    std::string name;
    std::vector<SessionPtr> sessions;  // oldest first, never empty
  };
  using Peers = std::list<Peer>;  // used last first

  mutable std::mutex mutex_;
  Peers peers_;
  std::unordered_map<std::string_view, Peers::iterator> by_name_;  // views into peers_
};

}  // namespace weir::tls
