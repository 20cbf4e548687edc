#include "http/header_policy.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "http/field_names.hpp"
#include "http/field_role.hpp"
#include "http/text.hpp"

namespace weir::http {
namespace {

struct OwnName {
  std::string_view name;
  OwnField field;
};

constexpr OwnName own_names[] = {
    {"host", OwnField::host},
    {"x-forwarded-for", OwnField::forwarded_for},
    {"x-real-ip", OwnField::real_ip},
    {"x-forwarded-proto", OwnField::forwarded_proto},
    {"x-forwarded-host", OwnField::forwarded_host},
    {"x-forwarded-port", OwnField::forwarded_port},
    {"x-forwarded-client-cert", OwnField::forwarded_client_cert},
    {"x-request-id", OwnField::request_id},
    {"traceparent", OwnField::traceparent},
    {"via", OwnField::via},
    {"date", OwnField::date},
};

std::optional<OwnField> own_field(std::string_view name) {
  const auto found =
      std::ranges::find_if(own_names, [&](const OwnName& own) { return iequals(own.name, name); });
  if (found == std::end(own_names)) return std::nullopt;
  return found->field;
}

constexpr unsigned bit(OwnField own) {
  return 1u << static_cast<unsigned>(own);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void apply(CompiledFields& fields, const std::vector<std::string>& remove,
           const std::vector<config::NameValue>& set) {
  for (const std::string& name : remove) fields.drop(name);
  for (const auto& [name, value] : set) fields.set(name, value);
}

}  // namespace

bool CompiledFields::ByLengthThenText::operator()(std::string_view a, std::string_view b) const {
  if (a.size() != b.size()) return a.size() < b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char left = to_lower(a[i]);
    const char right = to_lower(b[i]);
    if (left != right) return left < right;
  }
  return false;
}

void CompiledFields::forget(std::string_view name) {
  const auto same = [&](const Line& line) { return iequals(line.name, name); };
  std::erase_if(set_, same);
  std::erase_if(if_absent_, same);
}

void CompiledFields::render() {
  set_text_.clear();
  for (const Line& line : set_) append_line(set_text_, line.name, line.value);
  if_absent_text_.clear();
  if_absent_of_.fill(0);
  unknown_if_absent_ = false;
  for (std::size_t i = 0; i < if_absent_.size(); ++i) {
    append_line(if_absent_text_, if_absent_[i].name, if_absent_[i].value);
    const FieldId id = if_absent_[i].id;
    if (id == FieldId::unknown) unknown_if_absent_ = true;
    if (id != FieldId::unknown && i < UINT8_MAX) {
      if_absent_of_[static_cast<std::size_t>(id)] = static_cast<std::uint8_t>(i + 1);
    }
  }
}

void CompiledFields::drop(std::string_view name) {
  const FieldId id = field_id(name);
  if (is_framing_name(name) || id == FieldId::host) return;
  forget(name);
  if (id == FieldId::unknown) {
    dropped_names_.emplace(name);
  } else {
    dropped_ids_.set(static_cast<std::size_t>(id));
  }
  if (const auto own = own_field(name)) own_ |= bit(*own);
  render();
}

void CompiledFields::set(std::string_view name, std::string_view value) {
  if (is_framing_name(name)) return;
  const FieldId id = field_id(name);
  drop(name);
  forget(name);
  if (id == FieldId::host) own_ |= bit(OwnField::host);
  set_.push_back({id, std::string(name), std::string(value)});
  render();
}

void CompiledFields::set_if_absent(std::string_view name, std::string_view value) {
  if (is_framing_name(name) || is_set(name)) return;
  const FieldId id = field_id(name);
  if (id == FieldId::unknown ? drops_named(name) : drops_known(id)) {
    set(name, value);  // whatever arrives is dropped, so it is always absent
    return;
  }
  if (own_field(name)) return;  // never absent: Weir writes it
  forget(name);
  if_absent_.push_back({id, std::string(name), std::string(value)});
  render();
}

bool CompiledFields::is_set(std::string_view name) const {
  return std::ranges::any_of(set_, [&](const Line& line) { return iequals(line.name, name); });
}

bool CompiledFields::names(const Field& field) const {
  if (drops(field)) return true;
  FoldedName buffer;
  const std::string_view folded = fold_underscores(field.name, buffer);
  return std::ranges::any_of(if_absent_, [&](const Line& line) {
    return iequals(line.name, field.name) || (!folded.empty() && iequals(line.name, folded));
  });
}

bool CompiledFields::drops_named(std::string_view name) const {
  return !dropped_names_.empty() && dropped_names_.find(name) != dropped_names_.end();
}

bool CompiledFields::drops_unknown(std::string_view name) const {
  if (drops_named(name)) return true;
  FoldedName buffer;
  const std::string_view folded = fold_underscores(name, buffer);
  if (folded.empty()) return false;
  const FieldId id = field_id(folded);
  return id == FieldId::unknown ? drops_named(folded) : drops_known(id);
}

void CompiledFields::append_to(std::string& out, std::span<const Field> received) const {
  out += set_text_;
  if (if_absent_.empty()) return;
  if (!one_is_there(received)) {
    out += if_absent_text_;
    return;
  }
  for (std::size_t i = 0; i < if_absent_.size(); ++i) {
    if (!is_there(i, received)) append_line(out, if_absent_[i].name, if_absent_[i].value);
  }
}

/// Whether any field that is set where absent is not.
bool CompiledFields::one_is_there(std::span<const Field> received) const {
  return std::ranges::any_of(received, [&](const Field& field) { return if_absent_index(field) != 0; });
}

/// The same of one of them; `index`: its place in if_absent_.
bool CompiledFields::is_there(std::size_t index, std::span<const Field> received) const {
  return std::ranges::any_of(received,
                             [&](const Field& field) { return if_absent_index(field) == index + 1; });
}

/// 1 + the place of its name in if_absent_; 0 when it is not there.
std::size_t CompiledFields::if_absent_index(const Field& field) const {
  if (field.id != FieldId::unknown) return if_absent_of_[static_cast<std::size_t>(field.id)];
  if (!unknown_if_absent_) return 0;
  for (std::size_t i = 0; i < if_absent_.size(); ++i) {
    const Line& line = if_absent_[i];
    if (line.id == FieldId::unknown && iequals(field.name, line.name)) return i + 1;
  }
  return 0;
}

HeaderPolicy HeaderPolicy::compile(const std::vector<const config::HeaderPolicy*>& policies) {
  HeaderPolicy compiled;
  for (const config::HeaderPolicy* policy : policies) {
    apply(compiled.request, policy->request.remove, policy->request.set);
    const auto& response = policy->response;
    apply(compiled.response_plain, response.remove, response.set);
    apply(compiled.response_tls, response.remove, response.set);
    for (const auto& [name, value] : response.set_on_tls) compiled.response_tls.set(name, value);
    for (const auto& [name, value] : response.set_if_absent_on_tls) {
      compiled.response_tls.set_if_absent(name, value);
    }
    for (const auto& [name, value] : response.set_if_absent) {
      compiled.response_plain.set_if_absent(name, value);
      compiled.response_tls.set_if_absent(name, value);
    }
  }
  return compiled;
}

}  // namespace weir::http
