#include "grpc/content_type.hpp"

#include <cassert>

#include "http/text.hpp"

namespace weir::grpc {
namespace {

constexpr std::string_view grpc_name = "application/grpc";
constexpr std::string_view web_name = "application/grpc-web";
constexpr std::string_view web_text_name = "application/grpc-web-text";

/// `content_type` is `name`, and perhaps a format or parameters behind it.
bool is_of(std::string_view name, std::string_view content_type) {
  if (!http::iequals(content_type.substr(0, name.size()), name)) return false;
  if (content_type.size() == name.size()) return true;
  const char next = content_type[name.size()];
  return next == '+' || next == ';' || next == ' ' || next == '\t';
}

std::string_view name_of(Web kind) {
  return kind == Web::text ? web_text_name : web_name;
}

}  // namespace

bool is_grpc(std::string_view content_type) {
  return is_of(grpc_name, content_type);
}

Web web_kind(std::string_view content_type) {
  if (is_of(web_name, content_type)) return Web::binary;
  return is_of(web_text_name, content_type) ? Web::text : Web::none;
}

std::string grpc_type(std::string_view web_type) {
  const Web kind = web_kind(web_type);
  if (kind == Web::none) return {};
  return std::string(grpc_name).append(web_type.substr(name_of(kind).size()));
}

std::string web_type(std::string_view grpc_type, Web kind) {
  assert(is_grpc(grpc_type) && kind != Web::none);
  return std::string(name_of(kind)).append(grpc_type.substr(grpc_name.size()));
}

}  // namespace weir::grpc
