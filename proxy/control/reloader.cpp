#include "control/reloader.hpp"

#include <iostream>
#include <set>
#include <utility>

#include "observe/events.hpp"
#include "observe/log.hpp"
#include "tls/context.hpp"

namespace weir::control {
namespace {

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

ReloadOutcome refused(std::vector<std::string> problems) {
  ReloadOutcome outcome;
  outcome.problems = std::move(problems);
  return outcome;
}

std::vector<std::string> texts_of(const std::vector<config::Problem>& problems) {
  std::vector<std::string> texts;
  texts.reserve(problems.size());
  for (const config::Problem& problem : problems) texts.push_back(problem.to_string());
  return texts;
}

}  // namespace

std::set<std::string> host_names(const config::Config& config) {
  std::set<std::string> names;
  for (const config::Upstream& upstream : config.upstreams) {
    for (const config::Endpoint& endpoint : upstream.endpoints) {
      if (!endpoint.ip) names.insert(endpoint.host);
    }
  }
  return names;
}

void warn_of_certificates(const server::Snapshot& snapshot) {
  const auto now = std::chrono::system_clock::now();
  for (const auto& listener : snapshot.listeners) {
    if (!listener->tls) continue;
    for (const auto& certificate : listener->tls->certificates()) {
      const auto warning = tls::validity_warning(certificate, now);
      if (!warning) continue;
      observe::Event event;
      event.level = config::LogLevel::warn;
      event.kind = "certificate_invalid";
      event.text = "listener " + listener->config.name + ": " + *warning;
      observe::emit(std::move(event));
    }
  }
}

Reloader::Reloader(boost::asio::io_context& context, Serving& serving, Publisher& publisher,
                   NameResolver& resolver, Notifier& notifier, std::vector<std::string> files,
                   config::Surroundings surroundings, bool watch)
    : serving_(serving),
      publisher_(publisher),
      resolver_(resolver),
      notifier_(notifier),
      files_(std::move(files)),
      surroundings_(std::move(surroundings)) {
  if (watch) watch_ = std::make_unique<FileWatch>(context, [this] { files_touched(); });
}

config::LoadResult Reloader::load() {
  auto loaded = load(files_in_force_);
  files_read_ = files_in_force_;
  return loaded;
}

/// Reads the configuration; `read`: from which files.
config::LoadResult Reloader::load(FileDigests& read) const {
  return config::load(files_, recording(surroundings_, read));
}

void Reloader::reload(const Reply<ReloadOutcome>& reply) {
  if (reloading_) {
    // The files may have changed since that one read them: another one follows.
    waiting_.push_back(reply);
    return;
  }
  if (serving_.is_ending()) {
    end(refused({"shutting down"}), reply);
    return;
  }
  reloading_ = true;
  notifier_.reloading();
  FileDigests read;
  auto loaded = load(read);
  files_read_ = read;
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    end(refused(texts_of(*problems)), reply);
    return;
  }
  const auto config = std::make_shared<const config::Config>(std::move(std::get<config::Config>(loaded)));
  auto next = publisher_.prepare(config);
  if (!next) {
    end(refused({next.error().detail}), reply);
    return;
  }
  // New names are looked up first: an upstream must not lose its endpoints only because they have names now.
  const auto held = std::make_shared<Publisher::Next>(std::move(*next));
  resolver_.watch(host_names(*config), config->server.resolver, [this, held, reply, read = std::move(read)] {
    if (serving_.is_ending()) return end(refused({"Weir is shutting down"}), reply);
    take_over(std::move(*held), read, reply);
  });
}

void Reloader::take_over(Publisher::Next next, const FileDigests& read, const Reply<ReloadOutcome>& reply) {
  const auto before = serving_.snapshot()->config;
  publisher_.take_over(std::move(next));
  const config::Config& now = *serving_.snapshot()->config;
  applied_(*before, now);
  ReloadOutcome outcome;
  outcome.ok = true;
  outcome.changes = config::diff(*before, now, changed_files(files_in_force_, read));
  files_in_force_ = read;
  serving_.when_installed([this, reply, outcome = std::move(outcome)] { end(outcome, reply); });
}

void Reloader::end(ReloadOutcome outcome, const Reply<ReloadOutcome>& reply) {
  outcome.generation = serving_.generation();
  outcome.hash = serving_.snapshot()->config->hash;
  last_error_ = join(outcome.problems);
  if (outcome.ok) {
    last_ = std::chrono::system_clock::now();
    observe::log(config::LogLevel::info, "reloaded: generation {}, config {}; {}", outcome.generation,
                 outcome.hash, config::to_text(outcome.changes));
    warn_of_certificates(*serving_.snapshot());
  }
  for (const std::string& problem : outcome.problems) {
    observe::log(config::LogLevel::error, "reload refused, generation {} stays: {}", outcome.generation,
                 problem);
  }
  if (serving_.state() == RunState::ready) {
    notifier_.ready(outcome.ok ? "ready" : "ready; the last reload was refused");
  }
  if (reply) reply(outcome);
  reloading_ = false;
  watch_files();
  if (waiting_.empty()) return;
  // One more reading of the files answers all requests that came meanwhile.
  reload([waiting = std::exchange(waiting_, {})](const ReloadOutcome& again) {
    for (const auto& waiter : waiting) {
      if (waiter) waiter(again);
    }
  });
}

bool Reloader::start_watch() {
  if (!watch_) return true;
  if (const auto started = watch_->start(); !started) {
    std::cerr << "--watch: " << started.error().detail << '\n';
    return false;
  }
  watch_files();
  return true;
}

/// Watches what was read, and what is in force: after a refused reload either may be mended.
void Reloader::watch_files() {
  if (!watch_) return;
  FileDigests unread = files_in_force_;
  for (const auto& [path, digest] : files_read_) unread.erase(path);
  files_read_.merge(read_again(unread, surroundings_));
  std::set<std::string> paths;
  for (const auto& [path, digest] : files_read_) paths.insert(path);
  watch_->watch(paths);
  watch_->touch();  // what changed between the reading and the watching has made no event
}

void Reloader::files_touched() {
  // The end of a reload looks again.
  if (reloading_ || serving_.state() != RunState::ready) return;
  const auto changed = changed_files(files_read_, read_again(files_read_, surroundings_));
  if (changed.empty()) return;
  observe::log(config::LogLevel::info, "changed: {}", join({changed.begin(), changed.end()}));
  reload(nullptr);
}

}  // namespace weir::control
