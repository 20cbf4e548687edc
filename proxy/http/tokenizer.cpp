#include "http/tokenizer.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <limits>

namespace weir::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastView = beast::string_view;

/// Collects fields and ignores everything else: start lines are read by our own code, bodies never come here.
template <bool is_request>
class FieldSplitter final : public beast::http::basic_parser<is_request> {
 public:
  FieldSplitter(std::size_t count_max, std::vector<Field>& fields) : count_max_(count_max), fields_(fields) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());  // ours was checked before
    this->body_limit(boost::none);
    this->eager(false);
  }

  TokenizeOutcome split(std::string_view head) {
    error_code ec;
    const std::size_t used = this->put(boost::asio::const_buffer(head.data(), head.size()), ec);
    if (overflow_) return TokenizeOutcome::too_many_fields;
    const bool whole = !ec && used == head.size() && this->is_header_done();
    return whole ? TokenizeOutcome::split : TokenizeOutcome::malformed;
  }

 private:
  void on_request_impl(beast::http::verb, BeastView, BeastView, int, error_code&) override {}
  void on_response_impl(int, BeastView, int, error_code&) override {}
  void on_field_impl(FieldId id, BeastView name, BeastView value, error_code& ec) override {
    if (fields_.size() == count_max_) {
      overflow_ = true;
      ec = beast::http::error::header_limit;
      return;
    }
    fields_.push_back({id, {name.data(), name.size()}, {value.data(), value.size()}});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  std::size_t count_max_;
  std::vector<Field>& fields_;
  bool overflow_ = false;
};

}  // namespace

TokenizeOutcome tokenize_request(std::string_view head, std::size_t count_max, std::vector<Field>& fields) {
  return FieldSplitter<true>(count_max, fields).split(head);
}

TokenizeOutcome tokenize_response(std::string_view head, std::size_t count_max, std::vector<Field>& fields) {
  return FieldSplitter<false>(count_max, fields).split(head);
}

}  // namespace weir::http
