// The client's side of a call of gRPC-Web: the body of its request as the endpoint reads it, and a sink that writes the
// response as the client reads it, trailers as the last frame of the body. Both wrap what the client has, whatever
// version of HTTP it speaks. Of one call; worker thread.
#pragma once

#include <optional>
#include <string>

#include "grpc/content_type.hpp"
#include "grpc/web.hpp"
#include "http/head.hpp"
#include "relay/wrapped_source.hpp"

namespace weir::server {

/// A body in base64, decoded where it lies.
class GrpcWebSource final : public relay::WrappedSource {
 public:
  explicit GrpcWebSource(relay::BodySource& body) : WrappedSource(body) {}

  Result<void> take(relay::BodyBatch& batch) override;

 private:
  grpc::RequestDecoder decoder_{grpc::Web::text};
};

/// Each batch is readable as it is, so no message waits for the next. What is encoded is held until the next batch: of
/// text four thirds of a batch, where that had to wait, and of both the trailers.
class GrpcWebSink final : public relay::BodySink {
 public:
  GrpcWebSink(relay::BodySink& sink, grpc::Web kind) : sink_(sink), kind_(kind), encoder_(kind) {}

  bool try_write(relay::BodyBatch& batch, io::IoResult& result) override;
  /// No coroutine: only the sink itself can drop a batch that there is no memory to wait for.
  Task<relay::PacedWrite> write_rest(relay::WriteBounds bounds) override { return sink_.write_rest(bounds); }
  bool has_turn() const override { return sink_.has_turn(); }
  std::size_t read_max() const override { return sink_.read_max(); }
  io::IoStatus aborted() const override { return sink_.aborted(); }
  void finish() override { sink_.finish(); }
  void abort(io::IoStatus reason) override { sink_.abort(reason); }
  io::Reactor& reactor() const override { return sink_.reactor(); }

 private:
  void encode(const relay::BodyBatch& batch);

  relay::BodySink& sink_;
  grpc::Web kind_;
  grpc::ResponseEncoder encoder_;
  relay::BodyBatch written_;  // what goes to the client
  std::string encoded_;       // of it
};

/// One call, made where a request is found to be one.
struct GrpcWebCall {
  /// `kind` is that of the request, and of the response, too, unless `accept` names the kind of text.
  GrpcWebCall(std::string_view content_type, grpc::Web kind, std::string_view accept);

  /// The endpoint's head with a content type of gRPC-Web: the format is the endpoint's, or where it names none of gRPC
  /// that of the request. Views into `head`, and into this.
  const http::ResponseHead& translate(const http::ResponseHead& head);

  grpc::Web request, response;  // their kinds
  std::string request_type;     // that the endpoint gets
  std::string response_type;    // that the client gets, as far as the request says
  http::ResponseHead response_head;
  std::optional<GrpcWebSource> source;
  std::optional<GrpcWebSink> sink;
};

}  // namespace weir::server
