// Short ways to write routes and requests in tests of the route table.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.hpp"
#include "http/head.hpp"
#include "route/table.hpp"

namespace weir::route {

inline config::PathMatch prefix(std::string text) {
  return {config::PathMatch::Kind::prefix, std::move(text)};
}
inline config::PathMatch exact(std::string text) {
  return {config::PathMatch::Kind::exact, std::move(text)};
}
inline config::PathMatch expression(std::string text) {
  return {config::PathMatch::Kind::regex, std::move(text)};
}

inline config::Route route(std::vector<std::string> hosts, config::PathMatch path) {
  config::Route made;
  made.match.hosts = std::move(hosts);
  made.match.path = std::move(path);
  return made;
}

inline config::HeaderMatch header(std::string name, config::HeaderMatch::Kind kind, std::string value = "") {
  return {std::move(name), kind, std::move(value)};
}

inline http::Field field(std::string_view name, std::string_view value) {
  return {http::FieldId::unknown, name, value};
}

inline Request get(std::string_view host, std::string_view path) {
  return {host, path, "GET", nullptr, 0};
}

}  // namespace weir::route
