// Hash from (parent, name) to a number: one flat table serves host names and every level of the path tree. Filled at
// build, then read without allocation by any thread. Only the configuration adds names, so no client can fill a bucket
// by choosing what to send.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace weir::route {

class NameIndex {
 public:
  static constexpr std::uint32_t none = static_cast<std::uint32_t>(-1);

  std::uint32_t find(std::uint32_t parent, std::string_view name) const {
    const auto found = numbers_.find(KeyView{parent, name});
    return found == numbers_.end() ? none : found->second;
  }
  /// The number of that name, which becomes `fresh` where it has none yet.
  std::uint32_t get_or_add(std::uint32_t parent, std::string_view name, std::uint32_t fresh) {
    return numbers_.try_emplace(Key{parent, std::string(name)}, fresh).first->second;
  }

 private:
  struct Key {
    std::uint32_t parent;
    std::string name;
  };
  struct KeyView {
    std::uint32_t parent;
    std::string_view name;
  };
  struct Hash {
    using is_transparent = void;
    template <class K>
    std::size_t operator()(const K& key) const {
      return std::hash<std::string_view>{}(key.name) + key.parent * std::size_t{0x9e3779b97f4a7c15u};
    }
  };
  struct Equal {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.parent == b.parent && std::string_view(a.name) == std::string_view(b.name);
    }
  };

  boost::unordered_flat_map<Key, std::uint32_t, Hash, Equal> numbers_;
};

}  // namespace weir::route
