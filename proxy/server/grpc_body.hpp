// A body of a gRPC call on its way, of a request or of a response: it passes as it is, and what is kept is where in its
// messages it stands. Of one call; worker thread.
#pragma once

#include <functional>
#include <utility>

#include "grpc/message.hpp"
#include "relay/wrapped_source.hpp"

namespace weir::server {

class GrpcBody final : public relay::WrappedSource {
 public:
  /// `body` outlives every call but those that ask for messages. `on_message` is called once, when a message is whole
  /// and the body does not end with it.
  explicit GrpcBody(relay::BodySource& body, std::function<void()> on_message = {})
      : WrappedSource(body), on_message_(std::move(on_message)) {}

  Result<void> take(relay::BodyBatch& batch) override;
  /// Between messages nothing is owed: a stream may be silent there.
  bool owes_more() const override { return !between_messages(); }

  /// As far as take() handed out what was there: behind a whole message, or before the first.
  bool between_messages() const { return cursor_.between_messages(); }

 private:
  std::function<void()> on_message_;
  grpc::MessageCursor cursor_;
};

}  // namespace weir::server
