#include "config/load.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "config/build.hpp"
#include "config/digest.hpp"
#include "config/document.hpp"
#include "config/reader.hpp"
#include "config/substitute.hpp"
#include "config/text.hpp"
#include "config/yaml.hpp"

namespace weir::config {
namespace {

/// One layer; nothing when it was unreadable, which is reported then. An empty file is an empty map.
std::optional<Node> read_layer(const std::string& file, std::uint32_t source,
                               const Surroundings& surroundings, std::vector<Problem>& problems) {
  const auto content = surroundings.read_file(file);
  if (const auto* error = std::get_if<FileError>(&content)) {
    problems.push_back(
        {file, 1, 1, "", "cannot read the file: " + error->text, "name a YAML file that exists"});
    return std::nullopt;
  }
  auto root = parse_yaml(std::get<std::string>(content), source, file, problems);
  if (!root) return std::nullopt;
  if (root->kind == Node::Kind::null) {
    root->kind = Node::Kind::map;
    root->mark = {source, 1, 1};
  }
  if (root->is_map()) return root;
  problems.push_back({file, root->mark.line, root->mark.column, "", "not a map of keys",
                      "start with keys such as listeners:, upstreams: and routes:"});
  return std::nullopt;
}

/// The layers on each other; nothing when one of them is unusable.
std::optional<Node> read_layers(const std::vector<std::string>& files, const Surroundings& surroundings,
                                std::vector<Problem>& problems) {
  Node root;
  root.kind = Node::Kind::map;
  bool usable = true;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto layer = read_layer(files[i], static_cast<std::uint32_t>(i), surroundings, problems);
    if (!layer) usable = false;
    if (usable) merge(root, std::move(*layer));
  }
  if (!usable) return std::nullopt;
  return root;
}

/// In the order in which a reader meets them: by source, line, column.
void sort_problems(std::vector<Problem>& problems, const Sources& sources) {
  std::unordered_map<std::string_view, std::size_t> order;
  for (const std::string& source : sources) order.emplace(source, order.size());
  std::stable_sort(problems.begin(), problems.end(), [&](const Problem& a, const Problem& b) {
    return std::tuple(order[a.file], a.line, a.column) < std::tuple(order[b.file], b.line, b.column);
  });
}

/// Everything that is wrong, in order.
std::vector<Problem> collect(std::vector<Problem> early, Context& context) {
  for (Problem& problem : context.take_problems()) early.push_back(std::move(problem));
  sort_problems(early, context.sources);
  std::size_t dropped = context.dropped();
  if (early.size() > problems_max) {
    dropped += early.size() - problems_max;
    early.resize(problems_max);
  }
  if (dropped > 0) {
    early.push_back({early.back().file, early.back().line, early.back().column, "",
                     std::to_string(dropped) + " more problems are not shown", "mend these first"});
  }
  return early;
}

}  // namespace

std::string Problem::to_string() const {
  std::string out = file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
  if (!path.empty()) out += path + ": ";
  return out + problem + "; " + remedy;
}

LoadResult load(const std::vector<std::string>& files, const Surroundings& surroundings) {
  std::vector<Problem> problems;
  if (files.empty()) {
    return std::vector<Problem>{{"", 0, 0, "", "no configuration file was named", "name one with -c FILE"}};
  }
  auto root = read_layers(files, surroundings, problems);
  if (!root) return problems;
  Sources sources = files;
  substitute(*root, surroundings.environment, sources, problems);
  apply_overrides(*root, surroundings.environment_all(), sources, problems);
  Context context(sources, surroundings);
  Config config = build(*root, context);
  problems = collect(std::move(problems), context);
  if (!problems.empty()) return problems;
  config.hash = short_sha256(canonical_text(*root));
  return config;
}

}  // namespace weir::config
