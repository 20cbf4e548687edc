#include "config/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <utility>

#include "config/text.hpp"

namespace weir::config {
namespace {

/// Ends the parse; never leaves this file.
struct Refusal : std::exception {
  Refusal(const Mark& where, std::string in_path, std::string what_is_wrong, std::string what_would_be_right)
      : mark(where),
        path(std::move(in_path)),
        problem(std::move(what_is_wrong)),
        remedy(std::move(what_would_be_right)) {}
  Mark mark;
  std::string path, problem, remedy;
};

/// A stream over memory without a copy.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // NOLINT: a get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

/// Builds the tree from the parser's events and enforces the bounds while it grows.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::uint32_t source, const std::string& name, std::vector<Problem>& problems)
      : source_(source), name_(name), problems_(problems) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      refuse(to_mark(mark), "a second document starts here", "keep one document in a file");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(Node::Kind::null, to_mark(mark)), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const Mark at = to_mark(mark);
    check_tag(at, tag);
    Node node = make(Node::Kind::scalar, at);
    node.quoted = tag == "!";
    node.text = value;
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      refuse(to_mark(mark), "the alias refers to something that contains it", "write the value out");
    }
    charge(to_mark(mark), found->second);
    add(found->second, YAML::NullAnchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override {
    for (Node& source : std::exchange(stack_.back().merges, {})) take_merge(std::move(source));
    close();
  }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;
    bool is_merge = false;  // the key is `<<`
    std::string key;
    Mark key_mark;
    std::unordered_map<std::string, Mark> keys;  // of a map: where each was first written
    std::vector<Node> merges;                    // values of `<<`
  };

  Mark to_mark(const YAML::Mark& mark) const {
    return {source_, std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1};
  }

  [[noreturn]] void refuse(const Mark& mark, std::string problem, std::string remedy) const {
    throw Refusal(mark, path(), std::move(problem), std::move(remedy));
  }

  /// Where the parse is, as problems show it.
  std::string path() const {
    std::string out;
    for (const Frame& frame : stack_) {
      if (frame.node.is_list()) out = join_path(out, frame.node.children.size());
      if (frame.has_key) out = join_path(out, frame.key);
    }
    return out;
  }

  void check_tag(const Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    refuse(mark, "the tag " + quote(tag) + " is not supported", "write the value without a tag");
  }

  Node make(Node::Kind kind, const Mark& mark) {
    if (++nodes_ > yaml_nodes_max) {
      refuse(mark, "more than " + std::to_string(yaml_nodes_max) + " values",
             "split or shorten the configuration");
    }
    Node node;
    node.kind = kind;
    node.mark = mark;
    return node;
  }

  /// Counts what an alias copies.
  void charge(const Mark& mark, const Node& node) {
    ++nodes_;
    expanded_bytes_ += node.text.size() + node.key.size();
    if (nodes_ > yaml_nodes_max || expanded_bytes_ > yaml_expanded_bytes_max) {
      refuse(mark, "aliases expand to too much", "write fewer aliases, or shorter anchors");
    }
    for (const Node& child : node.children) charge(mark, child);
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Mark at = to_mark(mark);
    check_tag(at, tag);
    if (stack_.size() >= yaml_depth_max) {
      refuse(at, "nested deeper than " + std::to_string(yaml_depth_max) + " levels", "nest less");
    }
    Frame frame;
    frame.node = make(kind, at);
    frame.anchor = anchor;
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    add(std::move(frame.node), frame.anchor);
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      charge(node.mark, node);
      anchors_[anchor] = node;
    }
    if (stack_.empty()) {
      root_ = std::move(node);
    } else if (stack_.back().node.is_list()) {
      stack_.back().node.children.push_back(std::move(node));
    } else if (!stack_.back().has_key) {
      take_key(std::move(node));
    } else {
      take_value(std::move(node));
    }
  }

  void take_key(Node node) {
    if (node.is_map() || node.is_list()) {
      refuse(node.mark, "a map or a list as a key", "write plain text as the key");
    }
    if (!node.is_scalar() || node.text.empty())
      refuse(node.mark, "a key that is not text", "write a name before the ':'");
    Frame& frame = stack_.back();
    frame.has_key = true;
    frame.key = std::move(node.text);
    frame.key_mark = node.mark;
    frame.is_merge = frame.key == "<<" && !node.quoted;
  }

  void take_value(Node node) {
    Frame& frame = stack_.back();
    frame.has_key = false;
    node.key = std::move(frame.key);
    node.key_mark = frame.key_mark;
    if (frame.is_merge) {
      frame.merges.push_back(std::move(node));
      return;
    }
    const auto [first, fresh] = frame.keys.emplace(node.key, node.key_mark);
    if (fresh) {
      frame.node.children.push_back(std::move(node));
      return;
    }
    const Mark& at = node.key_mark;
    if (problems_.size() >= problems_max) refuse(at, "too many keys are written twice", "keep one of each");
    problems_.push_back({name_, at.line, at.column, join_path(path(), node.key),
                         "written twice, first on line " + std::to_string(first->second.line),
                         "keep one of the two"});
  }

  /// YAML's merge key: what the map itself does not say comes from `source`, a map or a list of maps.
  void take_merge(Node source) {
    if (source.is_list()) {
      for (Node& each : source.children) take_merge(std::move(each));
      return;
    }
    if (!source.is_map())
      refuse(source.mark, "'<<' takes a map", "write an alias of a map, such as <<: *defaults");
    Frame& frame = stack_.back();
    for (Node& child : source.children) {
      if (frame.keys.emplace(child.key, child.key_mark).second)
        frame.node.children.push_back(std::move(child));
    }
  }

  const std::uint32_t source_;
  const std::string& name_;
  std::vector<Problem>& problems_;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, Node> anchors_;
  Node root_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
  std::size_t expanded_bytes_ = 0;
};

/// Line and column of byte `offset`.
Mark mark_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  Mark mark;
  mark.line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  mark.column = static_cast<int>(offset - line_start) + 1;
  return mark;
}

std::optional<Problem> check_text(std::string_view text, const std::string& name) {
  if (text.size() > yaml_bytes_max) {
    return Problem{
        name, 1, 1, "", "larger than " + std::to_string(yaml_bytes_max >> 20) + " MiB", "shorten the file"};
  }
  const std::size_t offset = find_unclean(text);
  if (offset == text.npos) return std::nullopt;
  const Mark mark = mark_of(text, offset);
  return Problem{name,
                 mark.line,
                 mark.column,
                 "",
                 "a byte that is neither UTF-8 text nor a line break",
                 "save the file as UTF-8 text"};
}

/// Of yaml-cpp 0.8 some messages end with the text that they are about, which `name` and place show anyway: the same
/// message whatever release it is.
std::string plain_message(const std::string& message) {
  return message.substr(0, message.find(": "));
}

}  // namespace

std::optional<Node> parse_yaml(std::string_view text, std::uint32_t source, const std::string& name,
                               std::vector<Problem>& problems) {
  if (auto problem = check_text(text, name)) {
    problems.push_back(std::move(*problem));
    return std::nullopt;
  }
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    Builder builder(source, name, problems);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take_root();
  } catch (const Refusal& refusal) {
    problems.push_back(
        {name, refusal.mark.line, refusal.mark.column, refusal.path, refusal.problem, refusal.remedy});
  } catch (const YAML::Exception& error) {
    problems.push_back({name, std::max(error.mark.line, 0) + 1, std::max(error.mark.column, 0) + 1, "",
                        "not valid YAML: " + plain_message(error.msg),
                        "check indentation, quotes and brackets here"});
  } catch (const std::exception& error) {
    problems.push_back({name, 1, 1, "", std::string("not valid YAML: ") + error.what(), "check the file"});
  }
  return std::nullopt;
}

}  // namespace weir::config
