#include "replay/key_changes.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <string_view>
#include <unordered_map>

#include "config/diff.hpp"
#include "config/dump.hpp"

namespace weir::replay {
namespace {

namespace json = boost::json;
using Kind = KeyChange::Kind;

constexpr std::size_t list_members_shown_max = 20;  // that left a list, or came
constexpr std::size_t value_bytes_shown_max = 300;  // of what was added or removed as a whole

/// Members that name an element of a list. Of an override the rule comes first: its upstream is what it leads to.
constexpr std::array<std::string_view, 6> naming{"header", "cookie", "name", "address", "upstream", "cert"};

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + '.' + std::string(key);
}

/// What an element of a list is known by; empty: its value alone.
std::string name_in_list(const json::value& element) {
  if (!element.is_object()) return {};
  for (const std::string_view key : naming) {
    const json::value* const found = element.get_object().if_contains(key);
    if (found != nullptr && found->is_string()) return std::string(found->get_string());
  }
  return {};
}

bool is_named_list(const json::array& list) {
  return !list.empty() &&
         std::ranges::all_of(list, [](const json::value& element) { return !name_in_list(element).empty(); });
}

class Comparing {
 public:
  std::vector<KeyChange> changes;

  void compare(const std::string& path, const json::value& old, const json::value& now) {
    if (old == now) return;
    if (old.is_object() && now.is_object()) return objects(path, old.get_object(), now.get_object());
    if (!old.is_array() || !now.is_array()) {
      changes.push_back({Kind::changed, path, json::serialize(old), json::serialize(now)});
      return;
    }
    const json::array &before = old.get_array(), &after = now.get_array();
    const bool named =
        is_named_list(before.empty() ? after : before) && (after.empty() || is_named_list(after));
    named ? named_lists(path, before, after) : lists(path, before, after);
  }

 private:
  void objects(const std::string& path, const json::object& old, const json::object& now) {
    for (const auto& [key, value] : old) {
      if (!now.contains(key)) removed(join(path, key), value);
    }
    for (const auto& [key, value] : now) {
      const json::value* const before = old.if_contains(key);
      before == nullptr ? added(join(path, key), value) : compare(join(path, key), *before, value);
    }
  }

  void named_lists(const std::string& path, const json::array& old, const json::array& now) {
    std::unordered_map<std::string, const json::value*> before, after;
    for (const json::value& element : old) before.emplace(name_in_list(element), &element);
    for (const json::value& element : now) after.emplace(name_in_list(element), &element);
    for (const json::value& element : old) {
      const std::string name = name_in_list(element);
      if (!after.contains(name)) removed(join(path, name), element);
    }
    for (const json::value& element : now) {
      const std::string name = name_in_list(element);
      const auto found = before.find(name);
      found == before.end() ? added(join(path, name), element)
                            : compare(join(path, name), *found->second, element);
    }
  }

  /// Of a list of plain values what left it and what came; the whole of it where only the order differs.
  void lists(const std::string& path, const json::array& old, const json::array& now) {
    std::vector<std::string> before, after;
    for (const json::value& element : old) before.push_back(json::serialize(element));
    for (const json::value& element : now) after.push_back(json::serialize(element));
    std::ranges::sort(before);
    std::ranges::sort(after);
    std::vector<std::string> left, came;
    std::ranges::set_difference(before, after, std::back_inserter(left));
    std::ranges::set_difference(after, before, std::back_inserter(came));
    if (left.empty() && came.empty()) {
      changes.push_back({Kind::changed, path, json::serialize(old), json::serialize(now)});
    } else {
      changes.push_back({Kind::changed, path, members(left), members(came)});
    }
  }

  static std::string members(const std::vector<std::string>& values) {
    std::string text = "[";
    for (std::size_t i = 0; i < std::min(values.size(), list_members_shown_max); ++i) {
      text.append(i == 0 ? "" : ",").append(values[i]);
    }
    text += ']';
    if (values.size() > list_members_shown_max)
      text += " and " + std::to_string(values.size() - list_members_shown_max) + " more";
    return text;
  }

  void added(const std::string& path, const json::value& value) {
    changes.push_back({Kind::added, path, "", json::serialize(value)});
  }
  void removed(const std::string& path, const json::value& value) {
    changes.push_back({Kind::removed, path, json::serialize(value), ""});
  }
};

json::value dumped(const config::Config& config) {
  return json::parse(config::dump(config));
}

constexpr std::string_view nameless = "-";  // no name that a configuration may have

/// One of everything that can be added, with all defaults.
json::value defaults() {
  config::Config config;
  config.listeners.emplace_back().name = nameless;
  config.upstreams.emplace_back().name = nameless;
  config.rate_limits.emplace_back().name = nameless;
  config.header_policies.emplace_back().name = nameless;
  config.header_policies.emplace_back().name = "security";  // that routes have unless they say otherwise
  config.access_lists.emplace_back().name = nameless;
  config.routes.emplace_back().name = nameless;
  config.routes.back().headers = {1};
  return dumped(config);
}

/// The default of what stands directly under `path`; null: it is no block of its own.
const json::value* default_of(const json::value& all, std::string_view path) {
  const std::size_t dot = path.find('.');
  if (dot == path.npos || path.find('.', dot + 1) != path.npos) return nullptr;
  const json::value* const kind = all.get_object().if_contains(path.substr(0, dot));
  if (kind == nullptr) return nullptr;
  if (kind->is_array()) return kind->get_array().empty() ? nullptr : &kind->get_array().front();
  return kind->is_object() ? kind->get_object().if_contains(nameless) : nullptr;
}

void add_settings(std::vector<KeyChange>& changes) {
  const json::value all = defaults();
  for (KeyChange& change : changes) {
    const json::value* const usual = change.kind == Kind::added ? default_of(all, change.path) : nullptr;
    if (usual == nullptr) continue;
    Comparing comparing;
    comparing.compare("", *usual, json::parse(change.now));
    std::erase_if(comparing.changes, [](const KeyChange& setting) {
      return setting.kind == Kind::removed || setting.path == "name";
    });
    change.settings = std::move(comparing.changes);
  }
}

bool is_below(std::string_view path, std::string_view thing) {
  return path.starts_with(thing) && (path.size() == thing.size() || path[thing.size()] == '.');
}

/// Things that differ where their dump does not: secrets, and bodies of the same length.
void add_hidden(std::vector<KeyChange>& changes, const config::Config& before, const config::Config& now) {
  for (const std::string& thing : config::changed_things(before, now)) {
    const auto shows = [&](const KeyChange& change) { return is_below(change.path, thing); };
    if (std::ranges::none_of(changes, shows)) changes.push_back({Kind::hidden, thing, "", ""});
  }
}

/// A long value is not shown.
std::string with_value(std::string_view word, std::string_view value) {
  std::string text(word);
  if (value.size() <= value_bytes_shown_max) text.append(" ").append(value);
  return text;
}

std::string text_of(const KeyChange& change) {
  switch (change.kind) {
    case Kind::changed:
      return change.old + " -> " + change.now;
    case Kind::added:
      return change.settings.empty() ? with_value("added", change.now) : "added";
    case Kind::removed:
      return with_value("removed", change.old);
    case Kind::moved:
      return change.now.empty() ? std::string("now the first") : "now behind " + change.now;
    case Kind::hidden:
      return "another secret or body, which is not shown";
  }
  return {};
}

}  // namespace

std::string_view name_of(KeyChange::Kind kind) {
  constexpr std::array<std::string_view, 5> words{"changed", "added", "removed", "moved", "hidden"};
  return words[static_cast<std::size_t>(kind)];
}

std::vector<KeyChange> key_changes(const config::Config& before, const config::Config& now) {
  Comparing comparing;
  comparing.compare("", dumped(before), dumped(now));
  std::vector<KeyChange>& changes = comparing.changes;
  add_settings(changes);
  for (const config::MovedRoute& route : config::moved_routes(before, now)) {
    changes.push_back({Kind::moved, "routes." + route.name, "", route.behind});
  }
  add_hidden(changes, before, now);
  return std::move(changes);
}

std::string to_text(const std::vector<KeyChange>& changes) {
  std::string out;
  for (const KeyChange& change : changes) {
    out.append(change.path).append(": ").append(text_of(change)).append("\n");
    for (const KeyChange& setting : change.settings) {
      out.append("  ").append(setting.path).append(": ").append(setting.now).append("\n");
    }
  }
  return out;
}

}  // namespace weir::replay
