#include "http1/write.hpp"

#include "http/field_role.hpp"
#include "http/hops.hpp"
#include "http/response_fields.hpp"
#include "http1/line_sink.hpp"
#include "http1/pen.hpp"

namespace weir::http1 {
namespace {

using http::BodyKind;
using http::CompiledFields;
using http::Field;
using http::FieldId;
using http::FieldRole;
using http::Forwarding;
using http::Framing;
using http::Method;
using http::OwnField;
using http::RequestHead;
using http::ResponseHead;
using http::ResponseOptions;

/// Of this file alone: so the compiler sees that the rules have one caller, and inlines them.
struct Lines : LineSink {
  using LineSink::LineSink;
};

bool usually_has_body(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch;
}

void put_request_framing(Pen& pen, const RequestHead& head, const Framing& body, bool upgrade) {
  if (upgrade) {
    pen.put("Connection: upgrade\r\n").field("Upgrade", head.upgrade);
  } else if (head.accepts_trailers) {
    pen.put("Connection: TE\r\nTE: trailers\r\n");
  }
  if (body.kind == BodyKind::length) {
    pen.put("Content-Length: ").put(body.length).put("\r\n");
  } else if (body.kind == BodyKind::chunked) {
    pen.put("Transfer-Encoding: chunked\r\n");
  } else if (usually_has_body(head.method)) {
    pen.put("Content-Length: 0\r\n");
  }
}

void put_forwarding(Pen& pen, const Forwarding& forwarding, const CompiledFields& policy) {
  const auto put = [&](OwnField own, const auto& name, std::string_view value) {
    if (!value.empty() && !policy.overrides(own)) pen.put(name).put(value).put("\r\n");
  };
  put(OwnField::forwarded_for, "X-Forwarded-For: ", forwarding.forwarded_for);
  put(OwnField::real_ip, "X-Real-IP: ", forwarding.client_ip);
  put(OwnField::forwarded_proto, "X-Forwarded-Proto: ", forwarding.proto);
  put(OwnField::forwarded_host, "X-Forwarded-Host: ", forwarding.host);
  put(OwnField::forwarded_port, "X-Forwarded-Port: ", forwarding.port);
  put(OwnField::forwarded_client_cert, "X-Forwarded-Client-Cert: ", forwarding.client_cert);
  put(OwnField::request_id, "X-Request-Id: ", forwarding.request_id);
  put(OwnField::traceparent, "traceparent: ", forwarding.traceparent);
}

void put_marked(Pen& pen, const Field& field) {
  constexpr char colon[] = {':', http::never_indexed_mark, '\0'};
  pen.put(field.name).put(colon).put(field.value).put("\r\n");
}

/// Writes the client's fields that go on to the endpoint; returns whether there was a Via among them.
bool put_request_fields(Pen& pen, const RequestHead& head, bool chunked, const Forwarding& forwarding,
                        const CompiledFields& policy) {
  bool via = false;
  FieldCopier copier(pen);
  for (const Field& field : head.fields) {
    const FieldRole role = http::role_of(field);
    switch (role) {
      case FieldRole::via:
        via = true;
        continue;
      case FieldRole::trailer:
        if (chunked) break;
        continue;
      case FieldRole::tracestate:
        if (forwarding.keep_tracestate) break;
        continue;
      case FieldRole::max_forwards:
        if (const auto hops = http::max_forwards(head); hops && *hops > 0 && !policy.drops(field)) {
          copier.finish_run();
          pen.put("Max-Forwards: ").put(*hops - 1).put("\r\n");
          continue;
        }
        break;
      case FieldRole::end_to_end:
      case FieldRole::date:
        break;
      default:
        continue;
    }
    if (policy.drops(field) || (field.id == FieldId::unknown && http::is_alias(field.name))) continue;
    if (field.never_indexed && forwarding.mark_never_indexed) [[unlikely]] {
      copier.finish_run();
      put_marked(pen, field);
      continue;
    }
    copier.put(field);
  }
  copier.finish_run();
  return via;
}

void put_status_line(Pen& pen, int status, std::string_view reason) {
  pen.put("HTTP/1.1 ").put(static_cast<std::uint64_t>(status)).put(" ").put(reason).put("\r\n");
}

/// 1xx: no policy, no framing. 101 ends HTTP on this connection, so it is the exchange's last head.
void write_interim_head(std::string& out, const ResponseHead& head, const ResponseOptions& options) {
  Pen pen(out);
  Lines sink(pen);
  put_status_line(pen, head.status, head.reason);
  http::put_interim_fields(sink, head);
  if (options.upgrade && head.status == 101) {
    pen.put("Connection: upgrade\r\n").field("Upgrade", head.upgrade);
    http::put_tunnel_fields(sink, options);
  }
  pen.put("\r\n");
}

/// What ends the body where Content-Length does not, and what becomes of the connection.
void put_response_framing(Pen& pen, const ResponseOptions& options) {
  const bool old_client = options.client_minor_version == 0;
  bool close = !options.keep_alive;
  if (options.body.kind == BodyKind::until_close) close = true;
  if (options.body.kind == BodyKind::chunked) {
    if (old_client) {
      close = true;
    } else {
      pen.put("Transfer-Encoding: chunked\r\n");
    }
  }
  if (close) {
    pen.put("Connection: close\r\n");
  } else if (old_client) {
    pen.put("Connection: keep-alive\r\n");
  }
}

}  // namespace

void write_request_head(std::string& out, const RequestHead& head, std::string_view target,
                        const Framing& body, const Forwarding& forwarding, const CompiledFields& policy,
                        bool upgrade) {
  {
    Pen pen(out);
    pen.put(head.method_text).put(" ").put(target).put(" HTTP/1.1\r\n");
    if (!policy.overrides(OwnField::host)) {
      pen.put("Host: ").put(head.authority.empty() ? forwarding.host : head.authority).put("\r\n");
    }
    const bool chunked = body.kind == BodyKind::chunked;
    const bool via = put_request_fields(pen, head, chunked, forwarding, policy);
    put_forwarding(pen, forwarding, policy);
    if (!policy.overrides(OwnField::via)) {
      put_via(pen, head.fields, head.major_version, head.minor_version, via, forwarding.via);
    }
    put_request_framing(pen, head, body, upgrade);
  }
  policy.append_to(out, head.fields);
  out += "\r\n";
}

void write_response_head(std::string& out, const ResponseHead& head, const ResponseOptions& options,
                         std::string_view date) {
  if (head.status < 200) return write_interim_head(out, head, options);
  {
    Pen pen(out);
    Lines sink(pen);
    put_status_line(pen, head.status, head.reason);
    http::put_response_fields(sink, head, options, date);
    put_response_framing(pen, options);
  }
  if (options.policy) options.policy->append_to(out, head.fields);
  out += "\r\n";
}

}  // namespace weir::http1
