// One copy of a request on its way to its route's mirror upstream: the bytes that it consists of, its own endpoint and
// connection, and the answer, which is read only to keep the connection. It pins its generation and depends on
// nothing of the exchange that it copies. Objects are reused by their worker. Worker thread.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.hpp"
#include "core/error.hpp"
#include "core/task.hpp"
#include "grpc/status.hpp"
#include "http/head.hpp"
#include "relay/body_copy.hpp"
#include "route/mirror.hpp"
#include "server/endpoint_call.hpp"
#include "server/generation.hpp"

namespace weir::server {

class Worker;

class MirrorCopy : public boost::intrusive::list_base_hook<> {
 public:
  static constexpr std::size_t discard_bytes_max =
      1024 * 1024;  // of an answer's body; then its connection is closed
  static constexpr Milliseconds discard_time_max{10'000};  // for all of it; the same then

  explicit MirrorCopy(Worker& worker);
  ~MirrorCopy();

  /// What is copied: a request of `route`, which has a mirror.
  struct Original {
    http::Method method = http::Method::other;
    std::uint64_t key = 0;                       // what the mirror's upstream hashes where its policy is hash
    bool grpc = false;                           // it is a call of gRPC
    std::optional<std::uint32_t> grpc_attempts;  // that its client made before; nothing: it says no count
  };
  /// `place` is its place among those in flight.
  void begin(GenerationPtr generation, const RouteRuntime& route, route::InFlightPlace place,
             const Original& original);
  /// Takes the body while it passes. One that is too large ends the copy and gives its place back.
  relay::BodyCopy& body() { return body_; }
  /// What is sent: `head` as the original's endpoint gets it, which frames the body as `kind`, and the whole body with
  /// `trailers` as received. `nominated`: http::TrailerRules.
  void compose(std::string_view head, http::BodyKind kind, std::string_view trailers,
               std::string_view nominated);
  /// Sends it and sees the answer through. One try.
  Task<> run();
  /// The worker ends: whatever it waits for fails, now and later.
  void abort();
  /// Counts how it ended.
  void count(route::MirrorOutcome outcome);
  /// Back to a state in which nothing but capacity is left.
  void reset();

 private:
  Task<Result<void>> exchange();
  Result<void> choose_endpoint();
  Task<Result<void>> send_request();
  Task<Result<void>> discard_body();
  bool total_is_over() const;
  WholeRequest request() const { return {head_, body_.bytes(), trailers_, kind_}; }
  void note_grpc_status(std::optional<grpc::Status> status);
  std::optional<grpc::Status> grpc_status(const Result<void>& done) const;
  void report(const Result<void>& done);
  void release();

  const UpstreamView& view() const { return generation_->upstreams[mirror_->config->upstream]; }

  Worker& worker_;
  GenerationPtr generation_;
  const RouteRuntime* route_ = nullptr;
  const MirrorRuntime* mirror_ = nullptr;
  route::InFlightPlace place_;  // given back before the generation, which keeps the count alive
  Original original_;

  std::string head_;
  relay::BodyCopy body_;
  std::string trailers_;
  http::BodyKind kind_ = http::BodyKind::none;

  bool aborted_ = false;
  TimePoint total_deadline_;
  balance::Pick pick_;
  EndpointCall call_;
  std::optional<grpc::Status> grpc_status_;  // of a call, as its endpoint says it
};

}  // namespace weir::server
