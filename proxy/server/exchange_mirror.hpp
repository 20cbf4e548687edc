// Copying a request to its route's mirror upstream. The exchange only decides, lets the body be copied while it passes
// and hands the copy over (server/mirrors.hpp): it waits for nothing here, and nothing that goes wrong here is its own
// failure. Worker thread.
#pragma once

#include <memory>

#include "relay/body_copy.hpp"
#include "route/mirror.hpp"
#include "server/exchange_context.hpp"

namespace weir::server {

class MirrorCopy;

class Mirroring {
 public:
  Mirroring(ExchangeContext& context, const OutgoingRequest& request);
  ~Mirroring();
  void reset();

  /// Decides, once the request's head has been written; a request without a body is copied right away.
  void plan() noexcept {
    if (decided_.route->mirror) decide();
  }
  /// Where the body is copied to while it passes; null: it is not.
  relay::BodyCopy* body();
  /// The whole request is known: its copy, if there is one, goes its own way.
  void send() noexcept;
  /// The request ends: a copy that waits for its body never becomes whole.
  void drop() {
    if (copy_) give_up();
  }

 private:
  void decide() noexcept;
  void give_up();
  void count(route::MirrorOutcome outcome);

  ExchangeContext& context_;
  const Decision& decided_;
  const OutgoingRequest& request_;
  std::unique_ptr<MirrorCopy> copy_;  // that waits for the end of the request's body
};

}  // namespace weir::server
