// How fields look in HTTP/1: lines, of which neighbours in the buffer that they were read into are copied whole.
// Private to the writers of heads (write.cpp, own_response.cpp). One thread; lives for one head, on its pen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/head.hpp"
#include "http/response_fields.hpp"
#include "http1/pen.hpp"

namespace weir::http1 {

/// Copies fields one after the other; lines that are neighbours in their buffer in one go. finish_run() ends it.
class FieldCopier {
 public:
  explicit FieldCopier(Pen& pen) : pen_(pen) {}
  FieldCopier(const FieldCopier&) = delete;
  FieldCopier& operator=(const FieldCopier&) = delete;

  void put(const http::Field& field) {
    if (!field.verbatim) {
      finish_run();
      pen_.field(field.name, field.value);
      return;
    }
    const char* const line = field.name.data();
    if (line != end_) {
      finish_run();
      begin_ = line;
    }
    end_ = field.value.data() + field.value.size() + 2;
  }

  /// Before anything else is written.
  void finish_run() {
    if (begin_ == end_) return;
    pen_.put(std::string_view(begin_, static_cast<std::size_t>(end_ - begin_)));
    begin_ = end_ = nullptr;
  }

 private:
  Pen& pen_;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
};

/// Via with the version that the message came here with (RFC 9110 7.6.3). `received`: there is a Via among `fields`.
inline void put_via(Pen& pen, const std::vector<http::Field>& fields, int major_version, int minor_version,
                    bool received, std::string_view pseudonym) {
  pen.put("Via: ");
  if (received) {
    for (const http::Field& field : fields) {
      if (field.id == http::FieldId::via && !field.value.empty()) pen.put(field.value).put(", ");
    }
  }
  if (major_version == 2) {
    pen.put("2.0 ");
  } else {
    minor_version == 0 ? pen.put("1.0 ") : pen.put("1.1 ");
  }
  pen.put(pseudonym).put("\r\n");
}

/// The sink of response_fields.hpp.
class LineSink {
 public:
  using Copier = FieldCopier;
  static constexpr bool needs_length = true;

  explicit LineSink(Pen& pen) : pen_(pen) {}

  Copier copier() const { return Copier(pen_); }
  void add(http::FieldId, std::string_view name, std::string_view value) const { pen_.field(name, value); }
  template <std::size_t size>
  void add(http::FieldId, const char (&name)[size], std::string_view value) const {
    pen_.put(name).put(": ").put(value).put("\r\n");
  }
  void add_via(const http::ResponseHead& head, bool received) const {
    put_via(pen_, head.fields, head.major_version, head.minor_version, received, http::response_pseudonym);
  }
  /// Clang would make a call of it.
  [[gnu::always_inline]] void add_length(std::uint64_t bytes) const {
    pen_.put("Content-Length: ").put(bytes).put("\r\n");
  }

 private:
  Pen& pen_;
};

}  // namespace weir::http1
