// Which fields a response to a client has, and in which order: the rules that every version of HTTP shares. They put
// fields into a sink, which knows how a field looks on the wire: lines (http1/line_sink.hpp) or an HPACK block
// (http2/response.cpp). Templates, so that no field costs a call. What only one version has, such as Connection, is
// written by its writer in between. Pure; one thread a sink.
//
// A sink has
//   add(id, name, value)     a field of Weir's
//   add_length(bytes)        Content-Length
//   needs_length             whether a body of nothing has to say so; else the end of the message is seen without it
//   add_via(head, received)  the Via of `head`, if there is one, and Weir's behind it
//   copier(), whose put(field) takes a field as it was received; finish_run() comes before anything else is added
// The policy's fields come last, behind the framing: the writers append them (header_policy.hpp).
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <string_view>

#include "http/field_lines.hpp"
#include "http/field_role.hpp"
#include "http/outgoing.hpp"
#include "http/text.hpp"

namespace weir::http {

/// Who Weir is in the Via of responses.
inline constexpr std::string_view response_pseudonym = "weir";

inline bool drops(const CompiledFields* policy, const Field& field) {
  return policy != nullptr && policy->drops(field);
}

inline bool overrides(const CompiledFields* policy, OwnField own) {
  return policy != nullptr && policy->overrides(own);
}

/// The endpoint's fields that go on to the client, and what was seen among them.
struct PassedFields {
  bool via = false;
  bool date = false;                      // passed, not merely received
  const Field* content_length = nullptr;  // as received, for answers that only describe a body

  template <class Sink>
  void put(Sink sink, const ResponseHead& head, const CompiledFields* policy, bool chunked, bool interim) {
    auto copier = sink.copier();
    for (const Field& field : head.fields) {
      switch (role_of(field)) {
        case FieldRole::hop_by_hop:
        case FieldRole::request_id:
          continue;
        case FieldRole::content_length:
          if (!content_length) content_length = &field;
          continue;
        case FieldRole::trailer:
          if (chunked) break;
          continue;
        case FieldRole::via:
          via = true;
          if (interim) break;
          continue;
        default:
          break;
      }
      if (policy && policy->drops(field)) continue;
      if (field.id == FieldId::date) date = true;
      copier.put(field);
    }
    copier.finish_run();
  }
};

/// 1xx: what the endpoint said, and no policy.
template <class Sink>
void put_interim_fields(Sink sink, const ResponseHead& head) {
  PassedFields{}.put(sink, head, nullptr, false, true);
}

/// Behind them where a tunnel begins, and this head is the exchange's last.
template <class Sink>
void put_tunnel_fields(Sink sink, const ResponseOptions& options) {
  if (!options.request_id.empty()) sink.add(FieldId::unknown, "X-Request-Id", options.request_id);
  if (!options.set_cookie.empty()) sink.add(FieldId::set_cookie, "Set-Cookie", options.set_cookie);
}

/// Content-Length, where it is known: of the body, or as received where there is none (RFC 9110 8.6).
template <class Sink>
void put_length(Sink sink, const ResponseHead& head, const ResponseOptions& options, const Field* received) {
  if (options.body.kind == BodyKind::length) {
    if (Sink::needs_length || received != nullptr || options.body.length > 0)
      sink.add_length(options.body.length);
  } else if (options.body.kind == BodyKind::none && received != nullptr && head.status != 204 &&
             all(received->value, char_class::digit)) {
    sink.add(FieldId::content_length, "Content-Length", received->value);
  }
}

/// A final response, up to Content-Length.
template <class Sink>
void put_response_fields(Sink sink, const ResponseHead& head, const ResponseOptions& options,
                         std::string_view date) {
  PassedFields passed;
  passed.put(sink, head, options.policy, options.body.kind == BodyKind::chunked, false);
  if (!passed.date && !overrides(options.policy, OwnField::date)) sink.add(FieldId::date, "Date", date);
  if (!overrides(options.policy, OwnField::via)) {
    sink.add_via(head, passed.via);
  }
  if (!options.request_id.empty() && !overrides(options.policy, OwnField::request_id)) {
    sink.add(FieldId::unknown, "X-Request-Id", options.request_id);
  }
  if (!options.set_cookie.empty()) sink.add(FieldId::set_cookie, "Set-Cookie", options.set_cookie);
  for_each_field_line(options.own_fields, [&](const Field& field) {
    if (!drops(options.policy, field)) sink.add(field.id, field.name, field.value);
  });
  put_length(sink, head, options, passed.content_length);
}

/// The fields of a response of Weir's own, before the policy is asked. Beyond this many the heap is used.
inline constexpr std::size_t usual_own_field_count = 16;
using OwnFields = boost::container::small_vector<Field, usual_own_field_count>;

/// Views of its arguments. Without Content-Length.
OwnFields own_fields_of(const OwnResponse& response, const ResponseOptions& options, std::string_view date);

/// A response of Weir's own, up to Content-Length. `fields`: of own_fields_of().
template <class Sink>
void put_own_fields(Sink sink, const OwnResponse& response, const ResponseOptions& options,
                    const OwnFields& fields) {
  for (const Field& field : fields) {
    if (!drops(options.policy, field)) sink.add(field.id, field.name, field.value);
  }
  const bool says_length = Sink::needs_length || !response.body.empty();
  if (says_length && response.has_content()) sink.add_length(response.body.size());
}

}  // namespace weir::http
