#include "http2/response.hpp"

#include <boost/container/small_vector.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>

#include "http/field_lines.hpp"
#include "http/response_fields.hpp"
#include "http/text.hpp"
#include "http2/hpack_encoder.hpp"

namespace weir::http2 {
namespace {

using http::Field;
using http::FieldId;

constexpr int switching_protocols = 101;

class BlockCopier {
 public:
  explicit BlockCopier(BlockWriter& writer) : writer_(writer) {}
  void put(const Field& field) {
    if (field.never_indexed) [[unlikely]]
      return writer_.never_indexed(field.name, field.value);
    writer_.field(field.id, field.name, field.value);
  }
  void finish_run() {}

 private:
  BlockWriter& writer_;
};

/// The sink of http/response_fields.hpp.
class BlockSink {
 public:
  static constexpr bool needs_length = false;  // END_STREAM says it

  explicit BlockSink(BlockWriter& writer) : writer_(writer) {}

  BlockCopier copier() const { return BlockCopier(writer_); }
  void add(FieldId id, std::string_view name, std::string_view value) const {
    writer_.field(id, name, value);
  }
  void add_via(const http::ResponseHead& head, bool received) const;
  void add_length(std::uint64_t bytes) const {
    char digits[20];
    const char* const end = std::to_chars(digits, digits + sizeof digits, bytes).ptr;
    const std::string_view text(digits, static_cast<std::size_t>(end - digits));
    writer_.field(FieldId::content_length, "content-length", text);
  }

 protected:
  BlockWriter& writer() const { return writer_; }

 private:
  BlockWriter& writer_;
};

/// Vias of other proxies are rare: only these are put together anew.
void BlockSink::add_via(const http::ResponseHead& head, bool received) const {
  std::string_view own = head.minor_version == 0 ? "1.0 weir" : "1.1 weir";
  if (head.major_version == 2) own = "2.0 weir";
  boost::container::small_vector<char, 256> joined;
  if (received) {
    const auto join = [&](std::string_view text) { joined.insert(joined.end(), text.begin(), text.end()); };
    for (const Field& field : head.fields) {
      if (field.id != FieldId::via || field.value.empty()) continue;
      join(field.value);
      join(", ");
    }
    join(own);
    own = std::string_view(joined.data(), joined.size());
  }
  writer_.field(FieldId::via, "via", own);
}

/// What passes of a 101.
class TunnelCopier : public BlockCopier {
 public:
  using BlockCopier::BlockCopier;
  void put(const Field& field) {
    if (field.id != FieldId::sec_websocket_accept) BlockCopier::put(field);
  }
};

class TunnelSink : public BlockSink {
 public:
  using BlockSink::BlockSink;
  TunnelCopier copier() const { return TunnelCopier(writer()); }
};

void write_interim_block(BlockWriter& writer, const http::ResponseHead& head,
                         const http::ResponseOptions& options) {
  if (head.status != switching_protocols) {
    writer.status(head.status);
    return http::put_interim_fields(BlockSink(writer), head);
  }
  writer.status(200);
  const TunnelSink sink(writer);
  http::put_interim_fields(sink, head);
  http::put_tunnel_fields(sink, options);
}

void add_policy_fields(BlockWriter& writer, const http::CompiledFields* policy,
                       std::span<const Field> received) {
  if (policy == nullptr) return;
  policy->for_each_appended(received, [&](FieldId id, std::string_view name, std::string_view value) {
    writer.field(id, name, value);
  });
}

}  // namespace

void write_response_block(std::string& out, const http::ResponseHead& head,
                          const http::ResponseOptions& options, std::string_view date) {
  BlockWriter writer(out);
  if (head.status < 200) return write_interim_block(writer, head, options);
  writer.status(head.status);
  http::put_response_fields(BlockSink(writer), head, options, date);
  add_policy_fields(writer, options.policy, head.fields);
}

void write_own_block(std::string& out, const http::OwnResponse& response,
                     const http::ResponseOptions& options, std::string_view date) {
  const http::OwnFields fields = http::own_fields_of(response, options, date);
  BlockWriter writer(out);
  writer.status(response.status);
  http::put_own_fields(BlockSink(writer), response, options, fields);
  add_policy_fields(writer, options.policy, {fields.data(), fields.size()});
}

void write_trailer_block(std::string& out, std::string_view lines) {
  BlockWriter writer(out);
  http::for_each_field_line(lines, [&](const Field& field) {
    const std::string_view value = http::trim_ows(field.value);
    const char behind_colon = *(field.name.data() + field.name.size() + 1);
    if (behind_colon == http::never_indexed_mark) return writer.never_indexed(field.name, value);
    writer.field(field.id, field.name, value);
  });
}

}  // namespace weir::http2
