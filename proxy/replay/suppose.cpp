#include "replay/suppose.hpp"

#include <utility>

#include "http/uri.hpp"

namespace weir::replay {
namespace {

constexpr std::string_view scheme_question = "how the client reached the outermost trusted proxy";

std::string_view route_name(const Verdict& verdict) {
  return verdict.route == nullptr ? std::string_view() : std::string_view(verdict.route->name);
}

/// What the log says of the way to the client, as a configuration with these trusted proxies would see it.
void see_peer(const Judge& judge, bool same_trust, bool is_old, const LoggedRequest& request, Asked& asked) {
  const bool plain_peer = request.peer_is_client && !judge.trusts(request.client_ip);
  asked.client_known = is_old || same_trust || plain_peer;
  asked.https = plain_peer ? std::optional<bool>(request.tls) : std::nullopt;
}

}  // namespace

bool ended_early(const LoggedRequest& request) {
  if (request.path.empty() || request.method.empty()) return true;
  if (!request.route.empty()) return false;
  return request.reason != "no_route" && request.reason != "redirect_to_https" &&
         request.reason != "malformed_request";
}

Suppose::Suppose(const Judge& old, const Judge& now, const Unlogged& unlogged)
    : old_(old),
      now_(now),
      unlogged_(unlogged),
      same_trust_(old.config().trusted_proxies == now.config().trusted_proxies),
      answers_(unlogged.size(), Answer::open) {}

void Suppose::prepare(const LoggedRequest& request) {
  old_.prepare(request, old_asked_);
  now_.prepare(request, now_asked_);
  see_peer(old_, same_trust_, true, request, old_asked_);
  see_peer(now_, same_trust_, false, request, now_asked_);
}

void Suppose::find_cases(const LoggedRequest& request, Cases& out) {
  out.all.clear();
  out.missing.clear();
  out.fits = true;
  out.too_many = out.readings = false;
  unfit_.clear();
  prepare(request);
  explore_scheme(request, out);
  if (!out.all.empty() || out.too_many || out.readings) return;
  out.fits = false;
  out.all.swap(unfit_);
}

/// Where both trust the same proxies the answer is the same for both.
void Suppose::explore_scheme(const LoggedRequest& request, Cases& out) {
  const bool old_open = old_.asks_for_scheme() && !old_asked_.https;
  const bool now_open = now_.asks_for_scheme() && !now_asked_.https;
  const bool old_known = old_asked_.https.value_or(false), now_known = now_asked_.https.value_or(false);
  if (!old_open && !now_open) return explore(request, old_known, now_known, out);
  const bool together = same_trust_ || !old_open || !now_open;
  for (const bool first : {false, true}) {
    if (together) {
      explore(request, old_open ? first : old_known, now_open ? first : now_known, out);
      continue;
    }
    for (const bool second : {false, true}) explore(request, first, second, out);
  }
  note_missing(scheme_question, out);
}

void Suppose::explore(const LoggedRequest& request, bool old_https, bool now_https, Cases& out) {
  if (out.too_many || out.readings) return;
  if (out.all.size() + unfit_.size() >= cases_max) {
    out.too_many = true;
    return;
  }
  Case found;
  std::size_t question = 0;
  if (!judge(old_, old_asked_, request, old_https, found.old, question, out) ||
      !judge(now_, now_asked_, request, now_https, found.now, question, out)) {
    if (!out.readings) ask(question, request, old_https, now_https, out);
    return;
  }
  (did_as_logged(request, found.old) ? out.all : unfit_).push_back(std::move(found));
}

void Suppose::ask(std::size_t question, const LoggedRequest& request, bool old_https, bool now_https,
                  Cases& out) {
  if (out.missing.empty()) out.missing = "header " + std::string(unlogged_.header(question));
  for (const Answer answer : {Answer::yes, Answer::no}) {
    answers_[question] = answer;
    explore(request, old_https, now_https, out);
  }
  answers_[question] = Answer::open;
}

/// A condition on a field can only add routes. So with every open question answered by yes the earliest route that is
/// possible is found, and it is the route where none of its own questions is open.
bool Suppose::judge(const Judge& judge, Asked& asked, const LoggedRequest& request, bool https,
                    Verdict& verdict, std::size_t& question, Cases& out) {
  const auto& listeners = judge.config().listeners;
  if (asked.listener == listeners.size()) {
    verdict.end = End::no_listener;
    return true;
  }
  verdict.listener = &listeners[asked.listener];
  if (asked.refused) {
    verdict.end = End::refused;
    return true;
  }
  if (judge.redirects_to_https(asked, https)) {
    verdict.end = End::redirect_to_https;
    return true;
  }
  set_fields(request, true);
  const auto route = judge.route_of(request, asked, fields_, https);
  if (judge.has_questions() && http::has_encoded_slash(asked.path) &&
      !settle_readings(judge, asked, request, https)) {
    out.readings = true;
    note_missing("fields on which its route depends", out);
    return false;
  }
  if (!route) {
    verdict.end = End::refused;
    return true;
  }
  if (*route == route::no_route) {
    verdict.end = End::no_route;
    return true;
  }
  for (const std::size_t asked_for : judge.questions_of(*route)) {
    if (answers_[asked_for] != Answer::open) continue;
    question = asked_for;
    return false;
  }
  verdict = judge.verdict(request, asked, *route);
  return true;
}

/// With two readings of the path no order of routes says which answer matters: settled only where none does.
bool Suppose::settle_readings(const Judge& judge, Asked& asked, const LoggedRequest& request, bool https) {
  const auto most = judge.route_of(request, asked, fields_, https);
  set_fields(request, false);
  const auto least = judge.route_of(request, asked, fields_, https);
  return most && least && *most == *least;
}

void Suppose::set_fields(const LoggedRequest& request, bool open_is_yes) {
  fields_.clear();
  add_logged_fields(request, fields_);
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    if (answers_[i] == Answer::yes || (open_is_yes && answers_[i] == Answer::open))
      fields_.push_back(unlogged_.stand_in(i));
  }
}

/// As far as the log shows it whatever the time was: the route, and what came of it before any count or bucket.
bool Suppose::did_as_logged(const LoggedRequest& request, const Verdict& old) const {
  if (request.reason == "malformed_request") return true;  // its path, or another part of its head
  return route_name(old) == request.route &&
         (old.end == End::redirect_to_https) == (request.reason == "redirect_to_https");
}

void Suppose::note_missing(std::string_view what, Cases& out) const {
  if (out.missing.empty()) out.missing = what;
}

}  // namespace weir::replay
