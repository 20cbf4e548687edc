// The body of a response to a gRPC call on its way: it passes as it is, and what is kept is whether a cut here would be
// a cut within a message. Of one call; worker thread.
#pragma once

#include "grpc/message.hpp"
#include "relay/body.hpp"

namespace weir::server {

class GrpcBody final : public relay::BodySource {
 public:
  /// `body` outlives every call but between_messages().
  explicit GrpcBody(relay::BodySource& body) : body_(body) {}

  Result<void> take(relay::BodyBatch& batch) override;
  bool finished() const override { return body_.finished(); }
  bool has_more() const override { return body_.has_more(); }
  bool try_read(io::IoResult& result) override { return body_.try_read(result); }
  Task<io::IoResult> wait(TimePoint until) override { return body_.wait(until); }
  Result<void> end_of_stream() override { return body_.end_of_stream(); }
  std::string_view trailers() const override { return body_.trailers(); }
  void set_read_max(std::size_t bytes) override { body_.set_read_max(bytes); }
  Duration held_back() const override { return body_.held_back(); }

  /// As far as take() handed out what was there: behind a whole message, or before the first.
  bool between_messages() const { return cursor_.between_messages(); }

 private:
  relay::BodySource& body_;
  grpc::MessageCursor cursor_;
};

}  // namespace weir::server
