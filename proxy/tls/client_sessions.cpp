#include "tls/client_sessions.hpp"

namespace weir::tls {

void ClientSessions::put(std::string_view peer, SSL_SESSION* session) {
  if (SSL_SESSION_is_resumable(session) != 1) return;
  SessionPtr copy(SSL_SESSION_dup(session));
  if (!copy) return;
  const std::lock_guard lock(mutex_);
  auto found = by_name_.find(peer);
  if (found == by_name_.end()) {
    if (peers_.size() == peers_max) {
      by_name_.erase(peers_.back().name);
      peers_.pop_back();
    }
    peers_.push_front({std::string(peer), {}});
    found = by_name_.emplace(peers_.front().name, peers_.begin()).first;
  }
  peers_.splice(peers_.begin(), peers_, found->second);
  auto& sessions = found->second->sessions;
  if (sessions.size() == sessions_per_peer_max) sessions.erase(sessions.begin());
  sessions.push_back(std::move(copy));
}

SessionPtr ClientSessions::take(std::string_view peer) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(peer);
  if (found == by_name_.end()) return nullptr;
  const Peers::iterator entry = found->second;
  peers_.splice(peers_.begin(), peers_, entry);
  SessionPtr& newest = entry->sessions.back();
  if (SSL_SESSION_get_protocol_version(newest.get()) < TLS1_3_VERSION) {
    return SessionPtr(SSL_SESSION_dup(newest.get()));
  }
  SessionPtr session = std::move(newest);
  entry->sessions.pop_back();
  if (entry->sessions.empty()) {
    by_name_.erase(found);
    peers_.erase(entry);
  }
  return session;
}

std::size_t ClientSessions::size() const {
  const std::lock_guard lock(mutex_);
  std::size_t total = 0;
  for (const Peer& peer : peers_) total += peer.sessions.size();
  return total;
}

}  // namespace weir::tls
