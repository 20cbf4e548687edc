#include "server/exchange_mirror.hpp"

#include <exception>
#include <utility>

#include "server/client.hpp"
#include "server/grpc_fields.hpp"
#include "server/mirror_copy.hpp"
#include "server/worker.hpp"

namespace weir::server {

Mirroring::Mirroring(ExchangeContext& context, const OutgoingRequest& request)
    : context_(context), decided_(context.decided), request_(request) {}

Mirroring::~Mirroring() = default;

void Mirroring::reset() {
  copy_.reset();
}

void Mirroring::count(route::MirrorOutcome outcome) {
  const std::size_t upstream = decided_.route->mirror->config->upstream;
  auto& counters = context_.worker.metrics().mirrored(decided_.route->name,
                                                      context_.generation->upstreams[upstream].runtime->name);
  ++counters.by_outcome[static_cast<std::size_t>(outcome)];
}

void Mirroring::decide() noexcept {
  const MirrorRuntime& mirror = *decided_.route->mirror;
  const route::MirrorBar bar = route::mirror_bar(*mirror.config, decided_.upstream, context_.head);
  if (bar != route::MirrorBar::none && bar != route::MirrorBar::body) return;
  if (!route::is_copied(mirror.config->share, mirror.shared->turn.fetch_add(1, std::memory_order_relaxed)))
    return;
  if (bar == route::MirrorBar::body) return count(route::MirrorOutcome::skipped_body);
  route::InFlightPlace place;
  if (!place.take(mirror.shared->in_flight, mirror.config->max_in_flight))
    return count(route::MirrorOutcome::skipped_busy);
  try {
    copy_ = context_.worker.mirrors().take();
    const UpstreamRuntime& upstream = *context_.generation->upstreams[mirror.config->upstream].runtime;
    MirrorCopy::Original original;
    original.method = context_.head.method;
    original.key = context_.hash_key_for(upstream);
    original.grpc = decided_.grpc;
    if (decided_.grpc) original.grpc_attempts = previous_attempts_in(context_.head.fields);
    copy_->begin(context_.generation, *decided_.route, std::move(place), original);
  } catch (const std::exception&) {
    copy_.reset();
    return count(route::MirrorOutcome::failed);
  }
  if (context_.client->body().finished()) send();
}

relay::BodyCopy* Mirroring::body() {
  return copy_ ? &copy_->body() : nullptr;
}

void Mirroring::send() noexcept {
  if (!copy_) return;
  auto copy = std::move(copy_);
  if (!copy->body().complete()) {
    count(route::MirrorOutcome::skipped_body);
    return context_.worker.mirrors().give_back(std::move(copy));
  }
  try {
    copy->compose(request_.bytes, request_.framing.kind, context_.client->body().trailers(),
                  request_.nominated);
    context_.worker.mirrors().send(std::move(copy));
  } catch (const std::exception&) {  // out of memory
    count(route::MirrorOutcome::failed);
  }
}

void Mirroring::give_up() {
  count(copy_->body().complete() ? route::MirrorOutcome::skipped_incomplete
                                 : route::MirrorOutcome::skipped_body);
  context_.worker.mirrors().give_back(std::move(copy_));
}

}  // namespace weir::server
