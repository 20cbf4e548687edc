#include "cli/diff_cli.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal_text.hpp"
#include "config/diff.hpp"
#include "config/load.hpp"
#include "control/supervisor.hpp"
#include "io/file_descriptor.hpp"
#include "replay/key_changes.hpp"
#include "replay/lines.hpp"
#include "replay/replay.hpp"
#include "tls/context.hpp"
#include "tls/groups.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

constexpr std::size_t examples_max = 1'000;

struct DiffOptions {
  std::string old, now, log;
  std::size_t examples = 3;
  bool json = false, exit_code = false;
};

/// `base.yaml,production.yaml`: layers, of which later ones win.
std::vector<std::string> layers_of(const std::string& text) {
  std::vector<std::string> files;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma != at) files.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return files;
}

/// The configuration; nothing where it is wrong, which is said on stderr.
std::optional<config::Config> read_config(const std::string& files) {
  const auto surroundings =
      config::real_surroundings(tls::check_certificate, tls::check_ca, tls::group_names());
  auto loaded = config::load(layers_of(files), surroundings);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    for (const config::Problem& problem : *problems) std::cerr << problem.to_string() << '\n';
    return std::nullopt;
  }
  return std::get<config::Config>(std::move(loaded));
}

/// Of `-` the standard input.
io::FileDescriptor open_log(const std::string& name) {
  if (name == "-") return io::FileDescriptor(::dup(STDIN_FILENO));
  return io::FileDescriptor(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
}

std::int64_t read_some(int fd, char* into, std::size_t room) {
  for (;;) {
    const ssize_t got = ::read(fd, into, room);
    if (got >= 0 || errno != EINTR) return got;
  }
}

/// What compressed it, by its first bytes; empty: nothing that is known.
std::string_view compressor_of(std::string_view line) {
  if (line.starts_with("\x1f\x8b")) return "gzip";
  if (line.starts_with("\x28\xb5\x2f\xfd")) return "zstd";
  if (line.starts_with("BZh")) return "bzip2";
  if (line.starts_with("\xfd"
                       "7zXZ"))
    return "xz";
  return {};
}

bool is_compressed(std::string_view line, const DiffOptions& options) {
  const std::string_view compressor = compressor_of(line);
  if (compressor.empty()) return false;
  std::cerr << "weir diff: " << options.log << ": it is compressed; write " << compressor << " -dc "
            << options.log << " | weir diff ... --replay -\n";
  return true;
}

/// A log without a line that is one of Weir's says nothing about any request.
bool is_no_log(const replay::Report& report, const DiffOptions& options) {
  if (report.unreadable == 0 || report.requests != 0) return false;
  std::cerr << "weir diff: " << options.log << ": none of its " << report.lines
            << " lines is one of an access log of Weir, line " << report.first_unreadable << ": "
            << report.why_unreadable << '\n';
  return true;
}

/// What the log says; nothing where it cannot be read, which is said on stderr.
std::optional<replay::Report> replay_log(const config::Config& old, const config::Config& now,
                                         const DiffOptions& options) {
  const io::FileDescriptor log = open_log(options.log);
  const auto failed = [&options] {
    std::cerr << "weir diff: " << options.log << ": " << std::strerror(errno) << '\n';
    return std::nullopt;
  };
  if (!log.valid()) return failed();
  replay::Replay replayed(old, now, options.examples);
  replay::Lines lines([&log](char* into, std::size_t room) { return read_some(log.get(), into, room); });
  for (std::string_view line;;) {
    switch (lines.next(line)) {
      case replay::Lines::Got::line:
        if (lines.number() == 1 && is_compressed(line, options)) return std::nullopt;
        replayed.take(line, lines.number());
        break;
      case replay::Lines::Got::too_long:
        replayed.skip(lines.number(), "it is longer than any that Weir writes");
        break;
      case replay::Lines::Got::end: {
        auto report = replayed.report();
        if (is_no_log(report, options)) return std::nullopt;
        return report;
      }
      case replay::Lines::Got::failed:
        return failed();
    }
  }
}

json::array changes_json(const std::vector<replay::KeyChange>& changes) {
  const auto value = [](const std::string& text) {
    boost::system::error_code error;
    json::value parsed = json::parse(text, error);
    return error ? json::value(text) : parsed;
  };
  json::array list;
  for (const replay::KeyChange& change : changes) {
    json::object shown{{"path", change.path}, {"kind", replay::name_of(change.kind)}};
    if (change.kind == replay::KeyChange::Kind::moved) {
      shown["behind"] = change.now;
    } else {
      if (!change.old.empty()) shown["old"] = value(change.old);
      if (!change.now.empty()) shown["new"] = value(change.now);
    }
    list.push_back(std::move(shown));
  }
  return list;
}

int diff_command(const DiffOptions& options) {
  const auto old = read_config(options.old);
  const auto now = read_config(options.now);
  if (!old || !now) return exit_bad_input;
  const std::vector<replay::KeyChange> changes = replay::key_changes(*old, *now);
  std::optional<replay::Report> report;
  if (!options.log.empty()) {
    report = replay_log(*old, *now, options);
    if (!report) return exit_bad_input;
  }
  if (options.json) {
    json::object shown{{"old", {{"files", json::value_from(layers_of(options.old))}, {"hash", old->hash}}},
                       {"new", {{"files", json::value_from(layers_of(options.now))}, {"hash", now->hash}}},
                       {"changes", changes_json(changes)}};
    if (report) shown["replay"] = replay::to_json(*report);
    std::cout << json::serialize(shown) << '\n';
  } else {
    std::cout << (changes.empty() ? "no key differs\n" : terminal_text(replay::to_text(changes)));
    if (!changes.empty()) std::cout << config::to_text(config::diff(*old, *now)) << '\n';
    if (report) std::cout << '\n' << terminal_text(replay::to_text(*report, options.log));
  }
  if (!std::cout.flush()) {
    std::cerr << "weir diff: the standard output takes no more: " << std::strerror(errno) << '\n';
    return exit_cannot_start;
  }
  const bool same = report ? report->all_same() : changes.empty();
  return options.exit_code && !same ? exit_differs : exit_ok;
}

}  // namespace

void add_diff_command(CLI::App& app, int& code) {
  CLI::App& command = *app.add_subcommand(
      "diff", "Say what changes between two configurations, and for which logged requests the outcome would");
  const auto options = std::make_shared<DiffOptions>();
  constexpr const char* files = "FILE[,FILE...]";
  command
      .add_option("OLD", options->old, "The configuration that is in use; layers with commas, later ones win")
      ->required()
      ->type_name(files);
  command.add_option("NEW", options->now, "The one that would come")->required()->type_name(files);
  CLI::Option* const log =
      command
          .add_option("--replay", options->log,
                      "Access log that Weir wrote with OLD; - reads it from the standard input")
          ->type_name("FILE");
  command
      .add_option("--examples", options->examples,
                  "Of --replay: how many of each kind of difference are shown")
      ->type_name("NUMBER")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{0}, examples_max))
      ->needs(log);
  command.add_flag("--json", options->json, "Print JSON for programs");
  command.add_flag("--exit-code", options->exit_code,
                   "Exit with 6 where a key differs, or with --replay where a request's outcome does or may");
  command.callback([options, &code] { code = diff_command(*options); });
}

}  // namespace weir::control
