#include "server/http2_message.hpp"

#include "server/http2_link.hpp"

namespace weir::server {

void Http2Message::took(std::size_t bytes) {
  try {
    link_->codec().took(*this, bytes);
  } catch (...) {
    return link_->give_up(std::current_exception());
  }
  link_->want_flush();
}

}  // namespace weir::server
