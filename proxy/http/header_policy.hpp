// A route's header policies, compiled: which fields to drop and which text to append, decided once per
// snapshot, so that the request path only looks up names. Pure; immutable after compile, any thread.
#pragma once

#include <array>
#include <bitset>
#include <boost/container/flat_set.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "http/head.hpp"

namespace weir::http {

/// Fields that the writers of heads make themselves. A policy that sets or removes one of them
/// overrides that.
enum class OwnField : std::uint8_t {
  host,  // can be set, never removed
  forwarded_for,
  real_ip,
  forwarded_proto,
  forwarded_host,
  forwarded_port,
  forwarded_client_cert,
  request_id,
  traceparent,
  via,
  date,
};

/// One direction (request or response), one kind of connection (plain or TLS). Framing fields
/// (field_role.hpp) are not a policy's to change: naming one has no effect.
// NOLINTNEXTLINE(bugprone-exception-escape): what throws in flat_set is for allocators that hold state
class CompiledFields {
 public:
  void drop(std::string_view name);
  void set(std::string_view name, std::string_view value);  // drops any other value of that name
  /// Only where no policy before has set the name; after a `drop` the field counts as absent.
  void set_if_absent(std::string_view name, std::string_view value);

  /// True when a field received with this name must not pass. A name with '_' also drops where the same name
  /// with
  /// '-' would: many applications do not distinguish the two.
  bool drops(const Field& field) const {
    return field.id == FieldId::unknown ? drops_unknown(field.name) : drops_known(field.id);
  }
  /// True when this policy says anything about a field of this name: sets, sets if absent, or drops it.
  bool names(const Field& field) const;
  /// True when what this policy says about the field replaces what Weir would write.
  bool overrides(OwnField own) const { return (own_ >> static_cast<unsigned>(own) & 1u) != 0; }
  /// Appends `Name: value\r\n` lines: everything set, and of set_if_absent what `received` lacks.
  void append_to(std::string& out, std::span<const Field> received) const;
  /// Calls `visit(id, name, value)` for each field that append_to() writes a line of, in the same order.
  template <class Visit>
  void for_each_appended(std::span<const Field> received, Visit&& visit) const {
    for (const Line& line : set_) visit(line.id, std::string_view(line.name), std::string_view(line.value));
    if (!if_absent_.empty()) for_each_absent(received, visit);
  }

 private:
  static constexpr std::size_t ids = 512;
  struct ByLengthThenText {  // case-insensitive
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const;
  };
  struct Line {
    FieldId id;
    std::string name, value;
  };
  bool is_set(std::string_view name) const;
  std::size_t if_absent_index(const Field& field) const;
  bool one_is_there(std::span<const Field> received) const;
  bool is_there(std::size_t index, std::span<const Field> received) const;
  template <class Visit>
  void for_each_absent(std::span<const Field> received, Visit& visit) const {
    const bool some = one_is_there(received);
    for (std::size_t i = 0; i < if_absent_.size(); ++i) {
      const Line& line = if_absent_[i];
      if (!some || !is_there(i, received))
        visit(line.id, std::string_view(line.name), std::string_view(line.value));
    }
  }
  bool drops_known(FieldId id) const { return dropped_ids_[static_cast<std::size_t>(id)]; }
  bool drops_named(std::string_view name) const;
  bool drops_unknown(std::string_view name) const;
  void forget(std::string_view name);
  void render();

  std::bitset<ids> dropped_ids_;                                             // known names
  boost::container::flat_set<std::string, ByLengthThenText> dropped_names_;  // unknown names
  std::vector<Line> set_;
  std::string set_text_;  // the same, ready to append
  std::vector<Line> if_absent_;
  std::string if_absent_text_;                    // the same, ready to append where all are absent
  std::array<std::uint8_t, ids> if_absent_of_{};  // by FieldId of a known name: 1 + index in if_absent_
  bool unknown_if_absent_ = false;                // one of them has no FieldId
  unsigned own_ = 0;                              // bit per OwnField
};

// NOLINTNEXTLINE(bugprone-exception-escape): as CompiledFields
struct HeaderPolicy {
  CompiledFields request;
  CompiledFields response_plain;
  CompiledFields response_tls;

  /// `policies` in the order in which the route names them; later ones win. Within one policy `set` wins over
  /// `remove`, `set_on_tls` over `set`, and each of them over `set_if_absent`.
  static HeaderPolicy compile(const std::vector<const config::HeaderPolicy*>& policies);
};

}  // namespace weir::http
