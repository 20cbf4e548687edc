#include "config/document.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace weir::config {
namespace {

void append_text(std::string& out, char tag, std::string_view text) {
  out += tag;
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void append_canonical(std::string& out, const Node& node);

void append_map(std::string& out, const Node& map) {
  std::vector<const Node*> sorted;
  sorted.reserve(map.children.size());
  for (const Node& child : map.children) sorted.push_back(&child);
  std::sort(sorted.begin(), sorted.end(), [](const Node* a, const Node* b) { return a->key < b->key; });
  out += '{';
  for (const Node* child : sorted) {
    append_text(out, 'k', child->key);
    append_canonical(out, *child);
  }
  out += '}';
}

void append_canonical(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
    case Node::Kind::broken:
      out += 'n';
      return;
    case Node::Kind::scalar: {
      // Quotes make no difference to any value but a truth value.
      const bool truth = !node.quoted && (node.text == "true" || node.text == "false");
      append_text(out, truth ? 'b' : 's', node.text);
      return;
    }
    case Node::Kind::list:
      out += '[';
      for (const Node& child : node.children) append_canonical(out, child);
      out += ']';
      return;
    case Node::Kind::map:
      append_map(out, node);
      return;
  }
}

/// Position of each key, so that merging two large maps stays linear.
std::unordered_map<std::string_view, std::size_t> index_of(const std::vector<Node>& children,
                                                           std::size_t count) {
  std::unordered_map<std::string_view, std::size_t> index;
  index.reserve(count);
  for (std::size_t i = 0; i < count; ++i) index.emplace(children[i].key, i);
  return index;
}

}  // namespace

const Node* Node::find(std::string_view name) const {
  const auto found =
      std::find_if(children.begin(), children.end(), [name](const Node& child) { return child.key == name; });
  return kind == Kind::map && found != children.end() ? &*found : nullptr;
}

Node* Node::find(std::string_view name) {
  const auto found =
      std::find_if(children.begin(), children.end(), [name](const Node& child) { return child.key == name; });
  return kind == Kind::map && found != children.end() ? &*found : nullptr;
}

void merge(Node& base, Node over) {
  base.mark = over.mark;
  if (!over.key.empty()) base.key_mark = over.key_mark;
  if (!base.is_map() || !over.is_map()) {
    base.kind = over.kind;
    base.quoted = over.quoted;
    base.text = std::move(over.text);
    base.children = std::move(over.children);
    return;
  }
  const std::size_t before = base.children.size();
  // Reserved first: the index holds views into the children's keys.
  base.children.reserve(before + over.children.size());
  const auto index = index_of(base.children, before);
  for (Node& child : over.children) {
    const auto found = index.find(child.key);
    if (found == index.end()) {
      base.children.push_back(std::move(child));
    } else {
      merge(base.children[found->second], std::move(child));
    }
  }
}

std::string canonical_text(const Node& root) {
  std::string out;
  append_canonical(out, root);
  return out;
}

}  // namespace weir::config
