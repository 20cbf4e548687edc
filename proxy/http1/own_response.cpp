#include "http/reason.hpp"
#include "http/response_fields.hpp"
#include "http1/line_sink.hpp"
#include "http1/pen.hpp"
#include "http1/write.hpp"

namespace weir::http1 {
namespace {

using http::OwnFields;
using http::OwnResponse;
using http::ResponseOptions;

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
  const OwnFields fields = http::own_fields_of(response, options, date);
  {
    Pen pen(out);
    Lines sink(pen);
    const std::string_view reason = http::reason_phrase(response.status);
    pen.put("HTTP/1.1 ").put(static_cast<std::uint64_t>(response.status)).put(" ").put(reason).put("\r\n");
    http::put_own_fields(sink, response, options, fields);
    put_connection(pen, options);
  }
  if (options.policy) options.policy->append_to(out, {fields.data(), fields.size()});
  out += "\r\n";
}

}  // namespace weir::http1
