#include "route/mirror.hpp"

#include <algorithm>

#include "http/field_role.hpp"
#include "http/text.hpp"

namespace weir::route {

MirrorBar mirror_bar(const config::Mirror& mirror, std::size_t upstream, const http::RequestHead& head) {
  const auto says_copy = [](const http::Field& field) {
    return field.id == http::FieldId::unknown && http::iequals(field.name, http::mirror_field_name);
  };
  if (upstream == mirror.upstream) return MirrorBar::goes_there;
  if (http::iequals(head.upgrade, "websocket")) return MirrorBar::upgrade;
  if (std::ranges::any_of(head.fields, says_copy)) return MirrorBar::copy;
  const bool known_length = head.body.kind == http::BodyKind::length;
  return known_length && head.body.length > mirror.body_bytes ? MirrorBar::body : MirrorBar::none;
}

std::string_view to_string(MirrorOutcome outcome) {
  switch (outcome) {
    case MirrorOutcome::answered:
      return "answered";
    case MirrorOutcome::failed:
      return "failed";
    case MirrorOutcome::skipped_body:
      return "skipped_body";
    case MirrorOutcome::skipped_busy:
      return "skipped_busy";
    case MirrorOutcome::skipped_incomplete:
      return "skipped_incomplete";
  }
  return {};
}

}  // namespace weir::route
