// Indented JSON, written in order (RFC 8259). Pure; not shared between threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

class JsonText {
 public:
  /// In an object every value has a `key`; in a list and at the root it is empty.
  void open_object(std::string_view key = {}) { open(key, '{', '}'); }
  void open_list(std::string_view key = {}) { open(key, '[', ']'); }
  void close();
  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, std::uint64_t value);
  /// `digits` is a number with a decimal point.
  void decimal(std::string_view key, std::string_view digits);
  void truth(std::string_view key, bool value);

  /// The document; every open object and list must be closed.
  std::string take();

 private:
  struct Level {
    char end;
    bool empty;
  };
  void open(std::string_view key, char begin, char end);
  void begin_value(std::string_view key);
  void quote(std::string_view value);

  std::string out_;
  std::vector<Level> levels_;
};

}  // namespace weir::config
