#include "server/grpc_web.hpp"

#include "core/kept_text.hpp"
#include "http/text.hpp"

namespace weir::server {
namespace {

std::string_view text_of(const iovec& run) {
  return {static_cast<const char*>(run.iov_base), run.iov_len};
}

/// How the client reads a response to a request of `kind`.
grpc::Web kind_of_response(grpc::Web kind, std::string_view accept) {
  const bool no_text = http::for_each_list_member(
      accept, [](std::string_view member) { return grpc::web_kind(member) != grpc::Web::text; });
  return no_text ? kind : grpc::Web::text;
}

}  // namespace

Result<void> GrpcWebSource::take(relay::BodyBatch& batch) {
  relay::BodyBatch coded;
  coded.begin({});
  if (auto taken = body().take(coded); !taken) return taken;
  for (const iovec& run : coded.runs()) {
    char* const place = static_cast<char*>(run.iov_base);
    const auto bytes = decoder_.decode(text_of(run), place);
    if (!bytes) return bytes.error();
    batch.add({place, *bytes});
  }
  if (!coded.ended()) return {};
  batch.end(coded.trailers());
  return decoder_.finish();
}

/// Runs of bytes pass as they are; only the last of a full batch has to make room for the frame of the trailers.
void GrpcWebSink::encode(const relay::BodyBatch& batch) {
  empty_text(encoded_);
  written_.begin(batch.head());
  const auto runs = batch.runs();
  const bool crowded = batch.ended() && batch.full();
  const std::size_t passed = kind_ == grpc::Web::text ? 0 : runs.size() - (crowded ? 1 : 0);
  for (std::size_t i = 0; i < passed; ++i) written_.add(text_of(runs[i]));
  for (std::size_t i = passed; i < runs.size(); ++i) encoder_.encode(text_of(runs[i]), encoded_);
  if (batch.ended()) {
    encoder_.finish(batch.trailers(), encoded_);
  } else {
    encoder_.flush(encoded_);
  }
  written_.add(encoded_);
  if (batch.ended()) written_.end({});
}

bool GrpcWebSink::try_write(relay::BodyBatch& batch, io::IoResult& result) {
  encode(batch);
  if (!sink_.try_write(written_, result)) return false;
  empty_text(encoded_);
  return true;
}

GrpcWebCall::GrpcWebCall(std::string_view content_type, grpc::Web kind, std::string_view accept)
    : request(kind),
      response(kind_of_response(kind, accept)),
      request_type(grpc::grpc_type(content_type)),
      response_type(grpc::web_type(request_type, response)) {}

const http::ResponseHead& GrpcWebCall::translate(const http::ResponseHead& head) {
  response_head = head;
  bool typed = false;
  for (http::Field& field : response_head.fields) {
    if (field.id != http::FieldId::content_type) continue;
    const bool names_format = grpc::is_grpc(field.value) && field.value != "application/grpc";
    if (names_format) response_type = grpc::web_type(field.value, response);
    field.value = response_type;
    field.verbatim = false;
    typed = true;
  }
  if (!typed) {
    response_head.fields.push_back({http::FieldId::content_type, "Content-Type", response_type});
  }
  return response_head;
}

}  // namespace weir::server
