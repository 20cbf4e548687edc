#include "replay/unlogged.hpp"

#include <algorithm>

#include "http/field_names.hpp"
#include "http/text.hpp"

namespace weir::replay {
namespace {

config::HeaderMatch folded(config::HeaderMatch condition) {
  condition.name = http::lower(condition.name);
  return condition;
}

}  // namespace

bool is_logged(std::string_view header) {
  return http::iequals(header, "user-agent") || http::iequals(header, "referer");
}

void add_logged_fields(const LoggedRequest& request, std::vector<http::Field>& fields) {
  if (!request.user_agent.empty())
    fields.push_back({http::FieldId::user_agent, "User-Agent", request.user_agent});
  if (!request.referer.empty()) fields.push_back({http::FieldId::referer, "Referer", request.referer});
}

Unlogged::Unlogged(const config::Config& old, const config::Config& now) {
  add(old);
  add(now);
  stand_ins_.reserve(conditions_.size());
  for (std::size_t i = 0; i < conditions_.size(); ++i)
    stand_ins_.push_back("x-weir-question-" + std::to_string(i));
}

void Unlogged::add(const config::Config& config) {
  for (const config::Route& route : config.routes) {
    for (const config::HeaderMatch& condition : route.match.headers) {
      if (!is_logged(condition.name) && question_of(condition) == conditions_.size())
        conditions_.push_back(folded(condition));
    }
  }
}

std::size_t Unlogged::question_of(const config::HeaderMatch& condition) const {
  return static_cast<std::size_t>(std::ranges::find(conditions_, folded(condition)) - conditions_.begin());
}

std::vector<config::Route> Unlogged::with_stand_ins(const std::vector<config::Route>& routes,
                                                    std::vector<std::vector<std::size_t>>& questions) const {
  std::vector<config::Route> written = routes;
  questions.assign(routes.size(), {});
  for (std::size_t i = 0; i < written.size(); ++i) {
    for (config::HeaderMatch& condition : written[i].match.headers) {
      if (is_logged(condition.name)) continue;
      const std::size_t question = question_of(condition);
      questions[i].push_back(question);
      condition = {stand_ins_[question], config::HeaderMatch::Kind::present, ""};
    }
    std::ranges::sort(questions[i]);
  }
  return written;
}

http::Field Unlogged::stand_in(std::size_t question) const {
  return {http::FieldId::unknown, stand_ins_[question], "yes"};
}

}  // namespace weir::replay
