// Which registered field a name is. The registry is Beast's; the names that nearly every message has are found here
// without going there. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "http/head.hpp"

namespace weir::http {

/// The field of one of the common names, in any case; nothing for every other text. A text that is found is a token
/// (RFC 9110 5.6.2).
std::optional<FieldId> find_common_field(std::string_view name);

/// The same in lower case, as HTTP/2 has names: nothing where a letter is a capital one.
std::optional<FieldId> find_common_lower_field(std::string_view name);

/// FieldId::unknown for names outside the registry.
FieldId field_id(std::string_view name);

/// The same for what is no common name: what the whole registry says of it.
FieldId registered_field(std::string_view name);

}  // namespace weir::http
