#include "http/line_sink.hpp"
#include "http/pen.hpp"
#include "http/reason.hpp"
#include "http/response_fields.hpp"
#include "http/write.hpp"

namespace weir::http {
namespace {

/// Of this file alone: so the compiler sees that the rules have one caller, and inlines them.
struct Lines : LineSink {
  using LineSink::LineSink;
};

void put_connection(Pen& pen, const ResponseOptions& options) {
  if (!options.keep_alive) {
    pen.put("Connection: close\r\n");
  } else if (options.client_minor_version == 0) {
    pen.put("Connection: keep-alive\r\n");
  }
}

}  // namespace

void write_own_head(std::string& out, const OwnResponse& response, const ResponseOptions& options,
                    std::string_view date) {
  const OwnFields fields = own_fields_of(response, options, date);
  {
    Pen pen(out);
    Lines sink(pen);
    const std::string_view reason = reason_phrase(response.status);
    pen.put("HTTP/1.1 ").put(static_cast<std::uint64_t>(response.status)).put(" ").put(reason).put("\r\n");
    put_own_fields(sink, response, options, fields);
    put_connection(pen, options);
  }
  if (options.policy) options.policy->append_to(out, {fields.data(), fields.size()});
  out += "\r\n";
}

}  // namespace weir::http
