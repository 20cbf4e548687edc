// The copies of requests that one worker has under way, and those objects that wait for the next one. Nothing waits for
// a copy: when its worker ends, it ends. How many there are at once is bounded by each route's mirror (max_in_flight).
// Worker thread.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <vector>

#include "server/mirror_copy.hpp"

namespace weir::server {

class Mirrors {
 public:
  static constexpr std::size_t spare_max = 64;

  explicit Mirrors(Worker& worker);
  Mirrors(const Mirrors&) = delete;
  Mirrors& operator=(const Mirrors&) = delete;

  /// An object for a copy.
  std::unique_ptr<MirrorCopy> take();
  /// One that is no longer needed, whether it was sent or not.
  void give_back(std::unique_ptr<MirrorCopy> copy);
  /// Sends a copy that is composed; starts with the loop's next turn.
  void send(std::unique_ptr<MirrorCopy> copy);
  /// The worker ends: aborts all copies, those too that come yet. They are gone a few turns of the loop later.
  void end();
  bool empty() const { return running_.empty(); }

 private:
  void serve(std::unique_ptr<MirrorCopy> owned);

  Worker& worker_;
  boost::intrusive::list<MirrorCopy> running_;
  std::vector<std::unique_ptr<MirrorCopy>> spare_;
  bool ended_ = false;
};

}  // namespace weir::server
