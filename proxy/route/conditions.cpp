#include "route/conditions.hpp"

#include <algorithm>

#include "config/names.hpp"
#include "http/text.hpp"

namespace weir::route {
namespace {

std::string quote(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string listener_name(std::size_t listener, std::span<const std::string> names) {
  return listener < names.size() ? names[listener] : '#' + std::to_string(listener);
}

}  // namespace

std::string join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    if (!text.empty()) text += ", ";
    text += item;
  }
  return text;
}

HeaderCondition::HeaderCondition(const config::HeaderMatch& match) : match_(match) {
  if (match.kind != config::HeaderMatch::Kind::regex) return;
  if (Result<Regex> compiled = Regex::compile(match.value)) expression_ = std::move(*compiled);
}

bool HeaderCondition::value_fits(std::string_view value) const {
  switch (match_.kind) {
    case config::HeaderMatch::Kind::present:
      return true;
    case config::HeaderMatch::Kind::exact:
      return value == match_.value;
    case config::HeaderMatch::Kind::regex:
      return expression_ && expression_->matches(value);
  }
  return false;
}

bool HeaderCondition::holds(const Request& request) const {
  return request.fields != nullptr && std::ranges::any_of(*request.fields, [this](const http::Field& field) {
           return http::iequals(field.name, match_.name) && value_fits(field.value);
         });
}

Finding HeaderCondition::explain(const Request& request) const {
  Finding finding{holds(request), "header " + match_.name + ": "};
  std::vector<std::string> values;
  for (const http::Field& field : request.fields ? *request.fields : std::vector<http::Field>{}) {
    if (http::iequals(field.name, match_.name)) values.push_back(quote(field.value));
  }
  if (values.empty()) {
    finding.text += "absent";
    return finding;
  }
  switch (match_.kind) {
    case config::HeaderMatch::Kind::present:
      finding.text += "present";
      break;
    case config::HeaderMatch::Kind::exact:
      finding.text += join(values) + (finding.holds ? " is " : " is not ") + quote(match_.value);
      break;
    case config::HeaderMatch::Kind::regex:
      finding.text += join(values) + (finding.holds ? " matches ~" : " does not match ~") + match_.value;
      break;
  }
  return finding;
}

Conditions::Conditions(const config::RouteMatch& match)
    : unconditional_(match.methods.empty() && match.headers.empty() && match.listeners.empty() &&
                     match.scheme == config::Scheme::any),
      methods_(match.methods),
      headers_(match.headers.begin(), match.headers.end()),
      listeners_(match.listeners),
      scheme_(match.scheme) {}

bool Conditions::method_holds(std::string_view method) const {
  return methods_.empty() || std::ranges::find(methods_, method) != methods_.end();
}

bool Conditions::listener_holds(std::size_t listener) const {
  return listeners_.empty() || std::ranges::find(listeners_, listener) != listeners_.end();
}

bool Conditions::all_hold(const Request& request) const {
  return method_holds(request.method) && listener_holds(request.listener) && scheme_holds(request.scheme) &&
         std::ranges::all_of(headers_, [&](const HeaderCondition& header) { return header.holds(request); });
}

void Conditions::explain(const Request& request, std::span<const std::string> listener_names,
                         std::vector<Finding>& out) const {
  if (!methods_.empty()) {
    const bool holds = method_holds(request.method);
    out.push_back({holds, "method " + std::string(request.method) + (holds ? ": one of " : ": not one of ") +
                              join(methods_)});
  }
  for (const HeaderCondition& header : headers_) out.push_back(header.explain(request));
  if (!listeners_.empty()) {
    std::vector<std::string> names;
    for (const std::size_t listener : listeners_) names.push_back(listener_name(listener, listener_names));
    const bool holds = listener_holds(request.listener);
    out.push_back({holds, "listener " + listener_name(request.listener, listener_names) +
                              (holds ? ": one of " : ": not one of ") + join(names)});
  }
  if (scheme_ != config::Scheme::any) {
    const bool holds = scheme_holds(request.scheme);
    const std::string wanted = holds ? "" : ": not " + config::name_of(config::schemes, scheme_);
    out.push_back({holds, "scheme " + std::string(request.scheme) + wanted});
  }
}

}  // namespace weir::route
