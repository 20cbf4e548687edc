#include "admin/merge_patch.hpp"

#include <boost/json.hpp>

namespace weir::control {

namespace json = boost::json;

json::object merge_patch(const json::object& before, const json::object& after) {
  json::object patch;
  for (const auto& [key, value] : after) {
    const json::value* const old = before.if_contains(key);
    if (old == nullptr || !old->is_object() || !value.is_object()) {
      if (old == nullptr || *old != value) patch[key] = value;
      continue;
    }
    json::object inner = merge_patch(old->get_object(), value.get_object());
    if (!inner.empty()) patch[key] = std::move(inner);
  }
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) patch[key] = nullptr;
  }
  return patch;
}

}  // namespace weir::control
