#include "config/reader.hpp"

#include <algorithm>

#include "config/suggest.hpp"

namespace weir::config {
namespace {

std::string_view kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::null:
    case Node::Kind::broken:
      break;
  }
  return "empty";
}

/// Whether there is a value to look at; a missing one is reported, a broken one was.
bool has_value(const Field& field) {
  if (field.node.kind == Node::Kind::null) field.report("has no value", "write a value, or remove it");
  return field.node.kind != Node::Kind::null && field.node.kind != Node::Kind::broken;
}

}  // namespace

void Context::report(const Mark& mark, const std::string& path, std::string problem, std::string remedy) {
  if (problems_.size() >= problems_max) {
    ++dropped_;
    return;
  }
  problems_.push_back(
      {sources[mark.source], mark.line, mark.column, path, std::move(problem), std::move(remedy)});
}

std::string Context::place(const Mark& mark) const {
  return sources[mark.source] + ":" + std::to_string(mark.line);
}

void Field::report_kind(std::string_view expected, std::string remedy) const {
  report("must be " + std::string(expected) + ", not " + std::string(kind_name(node)), std::move(remedy));
}

MapReader::MapReader(const Field& field) : field_(field), usable_(field.node.is_map()) {
  if (!usable_) field_.report_kind("a map", "write its keys below it, indented, or in { }");
}

MapReader::~MapReader() {
  if (!usable_) return;
  for (const Node& child : field_.node.children) {
    if (std::find(known_.begin(), known_.end(), child.key) == known_.end()) report_unknown(child);
  }
}

std::optional<Field> MapReader::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  if (field_.context.asked) field_.context.asked->push_back(join_path(field_.path, key));
  const Node* const node = field_.node.find(key);
  if (!node) return std::nullopt;
  const Field value{*node, join_path(field_.path, key), field_.context};
  if (!has_value(value)) return std::nullopt;
  return value;
}

void MapReader::report(std::string problem, std::string remedy) const {
  field_.context.report(field_.node.name_mark(), field_.path, std::move(problem), std::move(remedy));
}

void MapReader::report_missing(std::string_view key, const std::string& remedy) {
  if (!usable_) return;
  field_.context.report(field_.node.name_mark(), join_path(field_.path, key), "is missing", remedy);
}

void MapReader::report_unknown(const Node& child) const {
  field_.context.report(child.key_mark, join_path(field_.path, child.key), "unknown key",
                        did_you_mean(child.key, known_, "the keys here are " + list_names(known_)));
}

std::vector<Field> elements(const Field& list) {
  std::vector<Field> out;
  if (!list.node.is_list()) {
    list.report_kind("a list", "write it in [ ], or as lines that start with '- '");
    return out;
  }
  out.reserve(list.node.children.size());
  for (std::size_t i = 0; i < list.node.children.size(); ++i) {
    Field element{list.node.children[i], join_path(list.path, i), list.context};
    if (has_value(element)) out.push_back(std::move(element));
  }
  return out;
}

std::vector<Field> members(const Field& map) {
  std::vector<Field> out;
  if (!map.node.is_map()) {
    map.report_kind("a map", "write it as NAME: value, one a line, indented");
    return out;
  }
  out.reserve(map.node.children.size());
  for (const Node& child : map.node.children) {
    Field member{child, join_path(map.path, child.key), map.context};
    if (has_value(member)) out.push_back(std::move(member));
  }
  return out;
}

}  // namespace weir::config
