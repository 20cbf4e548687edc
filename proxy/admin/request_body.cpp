#include "admin/request_body.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "admin/generation_tag.hpp"
#include "admin/json_members.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

/// Nothing when it is none.
std::optional<json::object> object_in(std::string_view body) {
  constexpr std::size_t depth_max = 4;
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = depth_max;
  json::value value = json::parse(body, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

/// `a, b or c`
std::string any_of(std::initializer_list<Member> members) {
  std::string text;
  for (const Member& member : members) {
    const bool first = &member == members.begin(), last = &member + 1 == members.end();
    text.append(first ? "" : last ? " or " : ", ").append(member.key);
  }
  return text;
}

}  // namespace

Problems read_body(std::string_view body, std::initializer_list<Member> members) {
  const auto object = object_in(body);
  if (!object) return {"the body must be a JSON object"};
  Problems problems;
  for (const std::string& path : repeated_members(body)) {
    problems.push_back(path + ": is there twice; write it once");
  }
  for (const auto& present : *object) {
    const std::string_view key(present.key().data(), present.key().size());
    const auto* const known = std::ranges::find(members, key, &Member::key);
    if (known != members.end()) {
      known->read(present.value(), problems);
    } else {
      problems.push_back(std::string(key) + ": unknown; write " + any_of(members));
    }
  }
  for (const Member& member : members) {
    if (member.missing.empty() || object->contains(member.key)) continue;
    problems.push_back(std::string(member.key) + ": " + std::string(member.missing));
  }
  return problems;
}

namespace {

/// C1 (U+0080 to U+009F) controls terminals, as C0 does.
bool has_c1(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i - 1] == '\xc2' && static_cast<unsigned char>(text[i]) < 0xa0) return true;
  }
  return false;
}

}  // namespace

Member note(std::string_view key, std::size_t bytes_max, std::string& into) {
  const auto read = [key, bytes_max, &into](const json::value& value, Problems& problems) {
    const std::string_view text = value.is_string() ? std::string_view(value.get_string()) : "\n";
    if (split::is_note(text, bytes_max) && !has_c1(text)) {
      into = text;
      return;
    }
    problems.push_back(std::string(key) + ": must be one line of up to " + std::to_string(bytes_max) +
                       " bytes, without control characters");
  };
  return {key, read};
}

Member generation_member(std::optional<std::string>& into) {
  const auto read = [&into](const json::value& value, Problems& problems) {
    std::string text;
    if (value.is_int64()) text = std::to_string(value.get_int64());
    if (value.is_string()) text = std::string_view(value.get_string());
    if (is_generation_text(text)) {
      into = std::move(text);
    } else {
      problems.emplace_back("generation: must be a whole number, or a tag such as \"1f0c9a3e-7\"");
    }
  };
  return {"generation", read};
}

std::string asked_by(const std::string& who, const std::string& peer) {
  return who.empty() ? peer : who + " from " + peer;
}

}  // namespace weir::control
