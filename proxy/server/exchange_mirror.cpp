// Copying a request to its route's mirror upstream. The exchange only decides, lets the body be copied while it passes
// and hands the copy over (server/mirrors.hpp): it waits for nothing here, and nothing that goes wrong here is its own
// failure.
#include <exception>
#include <utility>

#include "server/client.hpp"
#include "server/exchange.hpp"
#include "server/worker.hpp"

namespace weir::server {

void Exchange::count_mirror(route::MirrorOutcome outcome) {
  const std::size_t upstream = decided_.route->mirror->config->upstream;
  auto& counters =
      worker_.metrics().mirrored(decided_.route->name, generation_->upstreams[upstream].runtime->name);
  ++counters.by_outcome[static_cast<std::size_t>(outcome)];
}

/// Decides; a request without a body is copied right away. Only on a route with a mirror, once the request's head has
/// been written.
void Exchange::plan_mirror() noexcept {
  const MirrorRuntime& mirror = *decided_.route->mirror;
  const route::MirrorBar bar = route::mirror_bar(*mirror.config, decided_.upstream, head);
  if (bar != route::MirrorBar::none && bar != route::MirrorBar::body) return;
  if (!route::is_copied(mirror.config->share, mirror.shared->turn.fetch_add(1, std::memory_order_relaxed)))
    return;
  if (bar == route::MirrorBar::body) return count_mirror(route::MirrorOutcome::skipped_body);
  route::InFlightPlace place;
  if (!place.take(mirror.shared->in_flight, mirror.config->max_in_flight))
    return count_mirror(route::MirrorOutcome::skipped_busy);
  try {
    mirror_ = worker_.mirrors().take();
    const UpstreamRuntime& upstream = *generation_->upstreams[mirror.config->upstream].runtime;
    mirror_->begin(generation_, *decided_.route, std::move(place),
                   {head.method, key_for(upstream), decided_.grpc});
  } catch (const std::exception&) {
    mirror_.reset();
    return count_mirror(route::MirrorOutcome::failed);
  }
  if (client_->body().finished()) send_mirror();
}

/// The whole request is known: its copy goes its own way.
void Exchange::send_mirror() noexcept {
  auto copy = std::move(mirror_);
  if (!copy->body().complete()) {
    count_mirror(route::MirrorOutcome::skipped_body);
    return worker_.mirrors().give_back(std::move(copy));
  }
  try {
    copy->compose(request_.bytes, request_.framing.kind, client_->body().trailers(), request_.nominated);
    worker_.mirrors().send(std::move(copy));
  } catch (const std::exception&) {  // out of memory
    count_mirror(route::MirrorOutcome::failed);
  }
}

/// The request ends with a body that never became whole.
void Exchange::drop_mirror() {
  count_mirror(mirror_->body().complete() ? route::MirrorOutcome::skipped_incomplete
                                          : route::MirrorOutcome::skipped_body);
  worker_.mirrors().give_back(std::move(mirror_));
}

}  // namespace weir::server
