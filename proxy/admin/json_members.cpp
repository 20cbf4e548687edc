#include "admin/json_members.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <set>
#include <utility>

namespace weir::control {
namespace {

namespace json = boost::json;
using boost::system::error_code;

/// Handler of the parser, which has taken the escapes off the keys already.
class MemberListener {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX, max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX, max_string_size = SIZE_MAX;

  std::vector<std::string> take_repeated() { return std::move(repeated_); }

  bool on_object_begin(error_code&) {
    open_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    open_.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    key_ += std::string_view(part);
    return true;
  }
  bool on_key(json::string_view last_part, std::size_t, error_code&) {
    key_ += std::string_view(last_part);
    Object& object = open_.back();
    object.current = std::exchange(key_, {});
    if (!object.keys.insert(object.current).second) note_repeated();
    return true;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  struct Object {
    std::set<std::string> keys;
    std::string current;  // whose value is being read
  };

  void note_repeated() {
    std::string path;
    for (const Object& object : open_) path += (path.empty() ? "" : ".") + object.current;
    if (std::ranges::find(repeated_, path) == repeated_.end()) repeated_.push_back(std::move(path));
  }

  std::vector<Object> open_;  // from the outermost to the innermost
  std::string key_;           // as far as it was read
  std::vector<std::string> repeated_;
};

}  // namespace

std::vector<std::string> repeated_members(std::string_view text) {
  json::basic_parser<MemberListener> parser(json::parse_options{});
  error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  if (error) return {};
  return parser.handler().take_repeated();
}

}  // namespace weir::control
