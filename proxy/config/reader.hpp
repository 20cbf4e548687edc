// The declarative way from document to model: a parse function names each key of its map once, with where the
// value goes and how it is read. What is wrong is collected, never thrown; a key that no function names is unknown.
// Pure; the control thread.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/text.hpp"

namespace weir::config {

/// What all parse functions share while one document is read.
class Context {
 public:
  Context(const Sources& from, const Surroundings& around) : sources(from), surroundings(around) {}

  void report(const Mark& mark, const std::string& path, std::string problem, std::string remedy);
  std::vector<Problem> take_problems() { return std::move(problems_); }
  /// How many were reported past problems_max.
  std::size_t dropped() const { return dropped_; }
  std::size_t count() const { return problems_.size() + dropped_; }
  /// `file:line` of a mark.
  std::string place(const Mark& mark) const;

  const Sources& sources;
  const Surroundings& surroundings;
  std::vector<std::string>* asked = nullptr;  // where set: every path that was asked for, present or not

 private:
  std::vector<Problem> problems_;
  std::size_t dropped_ = 0;
};

/// A value, the path that led to it, and where to report. Lives no longer than the document.
struct Field {
  const Node& node;
  std::string path;
  Context& context;

  void report(std::string problem, std::string remedy) const {
    context.report(node.mark, path, std::move(problem), std::move(remedy));
  }
  /// `must be a list, not a map`, with the remedy.
  void report_kind(std::string_view expected, std::string remedy) const;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// One map of known keys. Parse functions take a Field and return a value, or an optional that is empty when
/// they reported why. The destructor reports every key that was not asked for.
class MapReader {
 public:
  /// Reports when `field` is no map; every key is then absent, and nothing else is reported.
  explicit MapReader(const Field& field);
  ~MapReader();
  MapReader(const MapReader&) = delete;
  MapReader& operator=(const MapReader&) = delete;

  /// The key's value when it is there and has one (a key without a value is reported).
  std::optional<Field> find(std::string_view key);
  /// Whether the key is written at all, usable or not.
  bool has(std::string_view key) const { return field_.node.find(key) != nullptr; }
  /// False when the map itself was wrong: there is no point in asking for what is missing.
  bool usable() const { return usable_; }

  /// Sets `into` where the key is there. Returns whether it was there and usable.
  template <class T, class Parse>
  bool optional(std::string_view key, T& into, Parse&& parse) {
    const auto value = find(key);
    return value && store(into, parse(*value));
  }

  /// The same, and its absence is a problem: `remedy` says what to write.
  template <class T, class Parse>
  bool required(std::string_view key, T& into, Parse&& parse, const std::string& remedy) {
    if (!has(key)) report_missing(key, remedy);
    return optional(key, into, std::forward<Parse>(parse));
  }

  /// At the map's own place.
  void report(std::string problem, std::string remedy) const;
  const Field& field() const { return field_; }

 private:
  template <class T, class Value>
  static bool store(T& into, Value&& value) {
    if constexpr (is_optional<std::remove_cvref_t<Value>>) {
      if (!value) return false;
      into = std::move(*value);
    } else {
      into = std::forward<Value>(value);
    }
    return true;
  }
  void report_missing(std::string_view key, const std::string& remedy);
  void report_unknown(const Node& child) const;

  const Field field_;
  bool usable_;
  std::vector<std::string_view> known_;
};

/// The elements of a list with their paths. Reports what is no list, and elements without a value.
std::vector<Field> elements(const Field& list);
/// The members of a map with free keys. Reports what is no map, and members without a value.
std::vector<Field> members(const Field& map);

/// Parser of a list whose elements `parse` reads. What an element reports away is left out.
template <class Parse>
auto list_of(Parse parse) {
  return [parse](const Field& field) {
    using Value = std::remove_cvref_t<decltype(parse(field))>;
    if constexpr (is_optional<Value>) {
      std::vector<typename Value::value_type> out;
      for (const Field& element : elements(field)) {
        if (auto value = parse(element)) out.push_back(std::move(*value));
      }
      return out;
    } else {
      std::vector<Value> out;
      for (const Field& element : elements(field)) out.push_back(parse(element));
      return out;
    }
  };
}

}  // namespace weir::config
