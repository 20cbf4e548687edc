// The document as plain values: what the YAML files say, merged, before anything is known about its meaning.
// Every node has the place where it was written, so that each later error can point there. Pure: std only; the
// control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

/// A place in a source. Lines and columns count from 1.
struct Mark {
  std::uint32_t source = 0;  // index into Sources
  int line = 1;
  int column = 1;
};

/// Names of the files (or environment variables) that marks point into.
using Sources = std::vector<std::string>;

struct Node {
  enum class Kind : std::uint8_t {
    null,
    scalar,
    list,
    map,
    broken,  // already reported: readers treat it as absent and stay silent
  };

  Kind kind = Kind::null;
  bool quoted = false;  // a scalar that was written in quotes or as a block
  Mark mark;
  std::string text;            // of a scalar
  std::vector<Node> children;  // of a list or a map, in the order of the file
  std::string key;             // this node's key when its parent is a map
  Mark key_mark;               // valid when the parent is a map

  bool is_map() const { return kind == Kind::map; }
  bool is_list() const { return kind == Kind::list; }
  bool is_scalar() const { return kind == Kind::scalar; }

  /// Child of a map with that key, or nullptr.
  const Node* find(std::string_view name) const;
  Node* find(std::string_view name);
  /// Where to report what this node lacks: its key where it has one.
  const Mark& name_mark() const { return key.empty() ? mark : key_mark; }
};

/// Lays `over` on `base`: maps merge deeply, everything else is replaced; marks follow what wins. `base`
/// keeps its key.
void merge(Node& base, Node over);

/// A text that is the same for documents that say the same: keys sorted, layout and comments gone.
std::string canonical_text(const Node& root);

}  // namespace weir::config
