#include "config/reachability.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/text.hpp"

namespace weir::config {
namespace {

using Kind = PathMatch::Kind;

constexpr std::string_view wildcard_mark = "*.";

/// A wildcard stands for one or more labels.
bool host_covers(std::string_view earlier, std::string_view later) {
  if (earlier == later) return true;
  if (!earlier.starts_with(wildcard_mark)) return false;
  const std::string_view dot_name = earlier.substr(1);
  return later.size() > dot_name.size() && later.ends_with(dot_name);
}

bool hosts_cover(const std::vector<std::string>& earlier, const std::vector<std::string>& later) {
  if (earlier.empty()) return true;
  return !later.empty() && std::all_of(later.begin(), later.end(), [&](const std::string& host) {
    return std::any_of(earlier.begin(), earlier.end(),
                       [&](const std::string& e) { return host_covers(e, host); });
  });
}

/// A prefix ends at a segment border.
bool prefix_covers(std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

bool path_covers(const PathMatch& earlier, const PathMatch& later) {
  if (earlier.kind == Kind::prefix && earlier.text == "/") return true;
  if (earlier.kind == Kind::prefix && later.kind != Kind::regex)
    return prefix_covers(earlier.text, later.text);
  return earlier.kind == later.kind && earlier.text == later.text;
}

/// Whether what meets `later` always meets `earlier`.
bool header_covers(const HeaderMatch& earlier, const HeaderMatch& later) {
  if (!http::iequals(earlier.name, later.name)) return false;
  return earlier.kind == HeaderMatch::Kind::present ||
         (earlier.kind == later.kind && earlier.value == later.value);
}

bool headers_cover(const std::vector<HeaderMatch>& earlier, const std::vector<HeaderMatch>& later) {
  return std::all_of(earlier.begin(), earlier.end(), [&](const HeaderMatch& e) {
    return std::any_of(later.begin(), later.end(), [&](const HeaderMatch& l) { return header_covers(e, l); });
  });
}

template <class T>
bool set_covers(const std::vector<T>& earlier, const std::vector<T>& later) {
  if (earlier.empty()) return true;
  return !later.empty() && std::all_of(later.begin(), later.end(), [&](const T& value) {
    return std::find(earlier.begin(), earlier.end(), value) != earlier.end();
  });
}

// Keys of the index: a route that covers another is filed under one of the other's `*_above` keys.

std::string path_key(const PathMatch& path) {
  constexpr std::string_view kinds = "per";
  return kinds[static_cast<std::size_t>(path.kind)] + path.text;
}

/// Paths that a covering route may have: the same, and every prefix of it.
std::vector<std::string> paths_above(const PathMatch& path) {
  std::vector<std::string> keys{path_key(path)};
  if (path.kind == Kind::regex) {
    keys.emplace_back("p/");
    return keys;
  }
  if (path.kind == Kind::exact) keys.push_back("p" + path.text);
  for (std::size_t i = 0; i < path.text.size(); ++i) {
    if (path.text[i] != '/') continue;
    if (i > 0) keys.push_back("p" + path.text.substr(0, i));
    if (i + 1 < path.text.size()) keys.push_back("p" + path.text.substr(0, i + 1));
  }
  return keys;
}

std::vector<std::string> hosts_above(const std::vector<std::string>& hosts) {
  std::vector<std::string> keys{""};
  if (hosts.empty()) return keys;
  const std::string& host = hosts.front();
  keys.push_back(host);
  for (auto dot = host.find('.', host.starts_with(wildcard_mark) ? 2 : 0); dot != host.npos;
       dot = host.find('.', dot + 1)) {
    keys.push_back("*" + host.substr(dot));
  }
  return keys;
}

std::string header_key(const HeaderMatch& header) {
  constexpr std::string_view kinds = "erp";
  return kinds[static_cast<std::size_t>(header.kind)] + http::lower(header.name) + ':' + header.value;
}

std::vector<std::string> headers_above(const std::vector<HeaderMatch>& headers) {
  std::vector<std::string> keys{""};
  for (const HeaderMatch& header : headers) {
    keys.push_back(header_key(header));
    if (header.kind != HeaderMatch::Kind::present) {
      keys.push_back(header_key({header.name, HeaderMatch::Kind::present, ""}));
    }
  }
  return keys;
}

/// The routes so far, by what a later route must share with one that covers it.
class Index {
 public:
  explicit Index(const std::vector<const RouteMatch*>& matches) : matches_(matches) {}

  void add(std::size_t route) {
    const RouteMatch& match = *matches_[route];
    const std::string header = match.headers.empty() ? "" : header_key(match.headers.front());
    if (match.hosts.empty()) routes_[key("", path_key(match.path), header)].push_back(route);
    for (const std::string& host : match.hosts)
      routes_[key(host, path_key(match.path), header)].push_back(route);
  }

  /// The first earlier route that covers `route`.
  std::optional<std::size_t> first_above(std::size_t route) const {
    const RouteMatch& match = *matches_[route];
    const auto hosts = hosts_above(match.hosts);
    const auto headers = headers_above(match.headers);
    std::optional<std::size_t> first;
    std::size_t comparisons = 0;
    for (const std::string& path : paths_above(match.path)) {
      for (const std::string& host : hosts) {
        for (const std::string& header : headers) {
          look_in(key(host, path, header), match, comparisons, first);
        }
      }
    }
    return first;
  }

 private:
  static std::string key(const std::string& host, const std::string& path, const std::string& header) {
    return host + '\n' + path + '\n' + header;
  }

  void look_in(const std::string& bucket, const RouteMatch& match, std::size_t& comparisons,
               std::optional<std::size_t>& first) const {
    const auto found = routes_.find(bucket);
    if (found == routes_.end()) return;
    for (const std::size_t candidate : found->second) {
      if ((first && candidate >= *first) || ++comparisons > comparisons_max) return;
      if (covers(*matches_[candidate], match)) first = candidate;
    }
  }

  const std::vector<const RouteMatch*>& matches_;
  std::unordered_map<std::string, std::vector<std::size_t>> routes_;
};

}  // namespace

bool covers(const RouteMatch& earlier, const RouteMatch& later) {
  return hosts_cover(earlier.hosts, later.hosts) && path_covers(earlier.path, later.path) &&
         set_covers(earlier.methods, later.methods) && headers_cover(earlier.headers, later.headers) &&
         set_covers(earlier.listeners, later.listeners) &&
         (earlier.scheme == Scheme::any || earlier.scheme == later.scheme);
}

std::vector<Shadow> find_unreachable(const std::vector<const RouteMatch*>& matches) {
  std::vector<Shadow> shadows;
  Index index(matches);
  for (std::size_t route = 0; route < matches.size(); ++route) {
    if (!matches[route]) continue;
    if (const auto by = index.first_above(route)) {
      shadows.push_back({route, *by});  // what it covers, the earlier one covers: not filed
    } else {
      index.add(route);
    }
  }
  return shadows;
}

}  // namespace weir::config
