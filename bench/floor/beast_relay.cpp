// The relay of asio_relay.cpp, which reads every message with Boost.Beast and writes its head anew: the least that a
// proxy on Asio and Beast has to do. It has no routes, limits, timeouts, logs or forwarding fields, checks nothing that
// Beast does not, and serves no upgrades, no Expect and no trailers.
//
// Written for speed, as asio_relay.cpp is. Beast's parser and serializer are called directly: http::async_read and its
// like do the same between composed operations, which cost more. Head and body leave in one write, and fields live in
// memory of the pair that is used again for each message.
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/none.hpp>
#include <memory_resource>
#include <optional>
#include <tuple>

#include "asio_relay.hpp"

namespace weir::floor {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using Allocator = std::pmr::polymorphic_allocator<char>;
using Fields = http::basic_fields<Allocator>;

constexpr std::size_t fields_bytes = 4096;  // more come from the heap

/// One direction of a pair, with the message that is under way.
template <bool is_request>
struct Way {
  using Parser = http::parser<is_request, http::buffer_body, Allocator>;
  using Serializer = http::serializer<is_request, http::buffer_body, Fields>;

  Way(Socket& source, Socket& target) : from(source), to(target) {}

  Socket& from;
  Socket& to;
  beast::flat_static_buffer<buffer_bytes> input;  // what was received and not parsed yet
  std::array<char, buffer_bytes> body;            // what the parser left of a body
  std::array<char, fields_bytes> fields_memory;
  std::pmr::monotonic_buffer_resource fields{fields_memory.data(), fields_memory.size()};
  std::optional<Parser> parser;
  std::optional<Serializer> serializer;  // once the head is there
  bool more_parsed = false;              // the parser stopped because `body` was full

  void begin_message() {
    serializer.reset();
    parser.reset();
    fields.release();
    parser.emplace(std::piecewise_construct, std::make_tuple(), std::make_tuple(Allocator(&fields)));
    parser->eager(true);  // the body in the same call as the head
    parser->body_limit(boost::none);
  }
};

/// A client and its endpoint: a request, its response, and the next request. Ends when a connection does.
class Pair {
 public:
  using Owner = std::shared_ptr<Pair>;

  Pair(Socket client, Socket endpoint) : client_(std::move(client)), endpoint_(std::move(endpoint)) {}

  void start(Owner owner) { begin<true>(std::move(owner)); }

 private:
  template <bool is_request>
  auto& way_of() {
    if constexpr (is_request) {
      return request_;
    } else {
      return response_;
    }
  }

  template <bool is_request>
  void begin(Owner owner) {
    auto& way = way_of<is_request>();
    way.begin_message();
    if constexpr (!is_request) way.parser->skip(request_.parser->get().method() == http::verb::head);
    if (way.input.size() > 0) return parse<is_request>(std::move(owner));
    receive<is_request>(std::move(owner));
  }

  template <bool is_request>
  void receive(Owner owner) {
    auto& way = way_of<is_request>();
    const std::size_t room = way.input.max_size() - way.input.size();
    if (room == 0) return end();  // a chunk's line that is longer than any
    way.from.async_read_some(way.input.prepare(room),
                             [this, owner = std::move(owner)](error_code ec, std::size_t got) mutable {
                               received<is_request>(ec, got, std::move(owner));
                             });
  }

  template <bool is_request>
  void received(error_code ec, std::size_t got, Owner owner) {
    auto& way = way_of<is_request>();
    way.input.commit(got);
    const bool ends_body = way.parser->is_header_done() && way.parser->need_eof();
    if (ec == asio::error::eof && ends_body) way.parser->put_eof(ec);
    if (ec) return end();
    parse<is_request>(std::move(owner));
  }

  /// Of what was received: the head, and as much of the body as there is room for.
  template <bool is_request>
  void parse(Owner owner) {
    auto& way = way_of<is_request>();
    auto& body = way.parser->get().body();
    body.data = way.body.data();
    body.size = way.body.size();
    error_code ec;
    if (way.input.size() > 0 && !way.parser->is_done()) {
      way.input.consume(way.parser->put(way.input.cdata(), ec));
    }
    way.more_parsed = ec == http::error::need_buffer;
    if (ec && ec != http::error::need_more && !way.more_parsed) return end();
    if (!way.parser->is_header_done()) return receive<is_request>(std::move(owner));

    const std::size_t parsed = way.body.size() - body.size;
    body.data = parsed > 0 ? way.body.data() : nullptr;
    body.size = parsed;
    body.more = !way.parser->is_done();
    if (!way.serializer) {
      auto& head = way.parser->get();
      head.erase(http::field::connection);  // of this connection, not of the next
      head.erase(http::field::keep_alive);
      way.serializer.emplace(head);
      way.serializer->split(parsed == 0 && body.more);  // a head that would wait for its body
    }
    send<is_request>(std::move(owner));
  }

  /// What was parsed, until the serializer has no more of it.
  template <bool is_request>
  void send(Owner owner) {
    auto& way = way_of<is_request>();
    error_code ec;
    while (!way.serializer->is_done()) {
      std::size_t sent = 0;
      way.serializer->next(
          ec, [&](error_code& failed, const auto& buffers) { sent = way.to.write_some(buffers, failed); });
      if (ec == http::error::need_buffer) break;
      if (ec == asio::error::would_block) return wait_for_room<is_request>(std::move(owner));
      if (ec) return end();
      way.serializer->consume(sent);
    }
    if (way.serializer->is_done()) return over<is_request>(std::move(owner));
    if (way.more_parsed) return parse<is_request>(std::move(owner));
    receive<is_request>(std::move(owner));
  }

  template <bool is_request>
  void wait_for_room(Owner owner) {
    way_of<is_request>().to.async_wait(Socket::wait_write,
                                       [this, owner = std::move(owner)](error_code ec) mutable {
                                         if (ec) return end();
                                         send<is_request>(std::move(owner));
                                       });
  }

  template <bool is_request>
  void over(Owner owner) {
    if constexpr (is_request) {
      begin<false>(std::move(owner));
    } else {
      const auto& answer = *response_.parser;
      const bool interim = answer.get().result_int() / 100 == 1;
      if (interim) return begin<false>(std::move(owner));
      if (!request_.parser->keep_alive() || !answer.keep_alive()) return end();
      begin<true>(std::move(owner));
    }
  }

  void end() {
    error_code ignored;
    client_.close(ignored);
    endpoint_.close(ignored);
  }

  Socket client_;
  Socket endpoint_;
  Way<true> request_{client_, endpoint_};
  Way<false> response_{endpoint_, client_};
};

}  // namespace
}  // namespace weir::floor

int main(int argc, char** argv) {
  return weir::floor::run_relay<weir::floor::Pair>(
      "beast_relay", "Relays HTTP/1 messages between clients and endpoints, on Boost.Asio and Boost.Beast.",
      argc, argv);
}
