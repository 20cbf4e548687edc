#include "grpc/reset.hpp"

namespace weir::grpc {
namespace {

// RFC 9113 7.
constexpr std::uint32_t refused_stream = 7, cancel = 8, enhance_your_calm = 11, inadequate_security = 12;

}  // namespace

Status status_of_reset(std::uint32_t code) {
  switch (code) {
    case refused_stream:
      return Status::unavailable;
    case cancel:
      return Status::cancelled;
    case enhance_your_calm:
      return Status::resource_exhausted;
    case inadequate_security:
      return Status::permission_denied;
    default:
      return Status::internal;
  }
}

}  // namespace weir::grpc
