#include "config/substitute.hpp"

#include <algorithm>
#include <string_view>

#include "config/text.hpp"

namespace weir::config {
namespace {

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

struct Mistake {
  std::string problem, remedy;
};

/// Substitutes over one document; keeps the total size in check.
class Substituter {
 public:
  Substituter(const Environment& environment, const Sources& sources, std::vector<Problem>& problems)
      : environment_(environment), sources_(sources), problems_(problems) {}

  void walk(Node& node, const std::string& path) {
    if (node.is_scalar() && node.text.find("${") != std::string::npos) expand(node, path);
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      Node& child = node.children[i];
      if (child.is_scalar() && child.text.find("${") == std::string::npos) continue;
      walk(child, node.is_list() ? join_path(path, i) : join_path(path, child.key));
    }
  }

 private:
  void expand(Node& node, const std::string& path) {
    std::string out;
    const auto mistake = expand_text(node.text, out);
    if (!mistake) {
      node.text = std::move(out);
      return;
    }
    problems_.push_back({sources_[node.mark.source], node.mark.line, node.mark.column, path, mistake->problem,
                         mistake->remedy});
    node.kind = Node::Kind::broken;
  }

  std::optional<Mistake> expand_text(std::string_view text, std::string& out) {
    while (!text.empty()) {
      const auto dollar = text.find("${");
      out += text.substr(0, dollar);
      if (dollar == text.npos) break;
      if (dollar > 0 && text[dollar - 1] == '$') {
        out += '{';  // `$${`: its first `$` is in `out` already
        text.remove_prefix(dollar + 2);
        continue;
      }
      const auto end = text.find('}', dollar);
      if (end == text.npos) {
        return Mistake{"'${' without a '}'", "write ${NAME} or ${NAME:-default}, or $${ for the text itself"};
      }
      if (auto mistake = expand_reference(text.substr(dollar + 2, end - dollar - 2), out)) return mistake;
      text.remove_prefix(end + 1);
    }
    return std::nullopt;
  }

  /// `reference`: what is between the braces.
  std::optional<Mistake> expand_reference(std::string_view reference, std::string& out) {
    const auto separator = reference.find(":-");
    const std::string name(reference.substr(0, separator));
    if (!is_variable_name(name)) {
      return Mistake{quote(name) + " is not a name of a variable",
                     "write ${NAME} or ${NAME:-default}, or $${ for the text itself"};
    }
    const auto value = environment_(name);
    const bool use_default = separator != reference.npos && (!value || value->empty());
    if (!use_default && !value) {
      return Mistake{"the environment variable " + name + " is not set",
                     "set it, or write ${" + name + ":-default}"};
    }
    const std::string_view replacement =
        use_default ? reference.substr(separator + 2) : std::string_view(*value);
    bytes_ += replacement.size();
    if (bytes_ > substituted_bytes_max) {
      return Mistake{
          "the environment puts in more than " + std::to_string(substituted_bytes_max >> 20) + " MiB",
          "refer to fewer or shorter variables"};
    }
    if (find_unclean(replacement) != replacement.npos) {
      return Mistake{"the environment variable " + name + " is not UTF-8 text", "set it to UTF-8 text"};
    }
    out += replacement;
    return std::nullopt;
  }

  const Environment& environment_;
  const Sources& sources_;
  std::vector<Problem>& problems_;
  std::size_t bytes_ = 0;
};

}  // namespace

void substitute(Node& root, const Environment& environment, const Sources& sources,
                std::vector<Problem>& problems) {
  Substituter(environment, sources, problems).walk(root, "");
}

}  // namespace weir::config
