#include "http/head.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::http {
namespace {

constexpr std::array<std::pair<std::string_view, Method>, 9> method_names{{
    {"GET", Method::get},
    {"HEAD", Method::head},
    {"POST", Method::post},
    {"PUT", Method::put},
    {"DELETE", Method::delete_},
    {"PATCH", Method::patch},
    {"OPTIONS", Method::options},
    {"TRACE", Method::trace},
    {"CONNECT", Method::connect},
}};

const Field* find_field(const std::vector<Field>& fields, FieldId id) {
  const auto found = std::ranges::find(fields, id, &Field::id);
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace

std::string_view to_string(Method method) {
  const auto found = std::ranges::find(method_names, method, &std::pair<std::string_view, Method>::second);
  return found == method_names.end() ? "OTHER" : found->first;
}

Method parse_method(std::string_view text) {
  const auto found = std::ranges::find(method_names, text, &std::pair<std::string_view, Method>::first);
  return found == method_names.end() ? Method::other : found->second;
}

bool is_idempotent(Method method) {
  switch (method) {
    case Method::get:
    case Method::head:
    case Method::put:
    case Method::delete_:
    case Method::options:
    case Method::trace:
      return true;
    case Method::post:
    case Method::patch:
    case Method::connect:
    case Method::other:
      return false;
  }
  return false;
}

void RequestHead::clear() {
  RequestFacts::operator=({});
  fields.clear();
  connection_tokens.clear();
}
void ResponseHead::clear() {
  ResponseFacts::operator=({});
  fields.clear();
  connection_tokens.clear();
}

const Field* RequestHead::find(FieldId id) const {
  return find_field(fields, id);
}
const Field* ResponseHead::find(FieldId id) const {
  return find_field(fields, id);
}

}  // namespace weir::http
