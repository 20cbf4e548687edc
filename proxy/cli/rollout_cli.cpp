#include "cli/rollout_cli.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/client_options.hpp"
#include "cli/rollout_client.hpp"
#include "cli/rollout_simulate.hpp"
#include "config/load.hpp"
#include "control/supervisor.hpp"
#include "core/units.hpp"
#include "tls/context.hpp"
#include "tls/groups.hpp"

namespace weir::control {
namespace {

int exit_code(RolloutEnd end) {
  switch (end) {
    case RolloutEnd::done:
      return exit_ok;
    case RolloutEnd::refused:
      return exit_bad_input;
    case RolloutEnd::rolled_back:
      return exit_rolled_back;
    case RolloutEnd::held:
      return exit_held;
    case RolloutEnd::unreachable:
      return exit_cannot_start;
    case RolloutEnd::usage:
      return exit_usage;
  }
  return exit_cannot_start;
}

std::string duration_problem(const std::string& text) {
  const auto time = parse_duration(text);
  return time && time->count() > 0 ? std::string() : "'" + text + "' is not a duration, such as 3h";
}

void add_route(CLI::App& command, std::string& route) {
  command.add_option("ROUTE", route, "Name of a route with `rollout`")->required();
}

void add_notes(CLI::App& command, std::string& reason, std::string& generation, bool needs_reason = false) {
  command.add_option("--reason", reason, "For the audit")->type_name("TEXT")->required(needs_reason);
  command
      .add_option("--if-generation", generation, "Only while this generation is in use, as status shows it")
      ->type_name("TAG");
}

void add_start(CLI::App& rollout, int& code) {
  CLI::App& command =
      *rollout.add_subcommand("start", "Begin one: the canary goes up step by step by itself");
  const auto options = add_client_options(command);
  const auto starting = std::make_shared<RolloutStarting>();
  add_route(command, starting->route);
  command.add_option("--steps", starting->steps, "Percents, such as 1,10,50 (default: the configuration's)")
      ->type_name("PERCENT,...");
  command.add_flag("--keep", starting->keep, "New addresses of the canary do not restart it");
  add_notes(command, starting->reason, starting->generation);
  CLI::Option* const wait = command.add_flag(
      "--wait", starting->wait, "Return at its end: 0 finished, 4 rolled back, 5 neither at the time-out");
  command
      .add_option_function<std::string>(
          "--timeout", [starting](const std::string& text) { starting->timeout = *parse_duration(text); },
          "Of --wait: how long it waits; the rollout goes on")
      ->type_name("DURATION")
      ->default_str(format_duration(rollout_wait_default))
      ->needs(wait)
      ->check(duration_problem);
  command.callback([options, starting, &code] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(start_rollout(options->target, *starting, options->json, std::cout, std::cerr));
  });
}

void add_status(CLI::App& rollout, int& code) {
  CLI::App& command =
      *rollout.add_subcommand("status", "Show where rollouts are, and what speaks against them");
  const auto options = add_client_options(command);
  const auto route = std::make_shared<std::string>();
  command.add_option("ROUTE", *route, "Only of this route");
  command.callback([options, route, &code] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(show_rollouts(options->target, *route, options->json, std::cout, std::cerr));
  });
}

void add_watch(CLI::App& rollout, int& code) {
  CLI::App& command =
      *rollout.add_subcommand("watch", "Follow one to its end; exit codes as of start --wait");
  const auto options = add_client_options(command);
  const auto route = std::make_shared<std::string>();
  const auto timeout = std::make_shared<std::optional<Milliseconds>>();
  add_route(command, *route);
  command
      .add_option_function<std::string>(
          "--timeout", [timeout](const std::string& text) { *timeout = parse_duration(text); },
          "Stop watching after this (default: never)")
      ->type_name("DURATION")
      ->check(duration_problem);
  command.callback([options, route, timeout, &code] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(watch_rollout(options->target, *route, *timeout, options->json, std::cout, std::cerr));
  });
}

void add_steering(CLI::App& rollout, const char* action, const char* help, int& code) {
  CLI::App& command = *rollout.add_subcommand(action, help);
  const auto options = add_client_options(command);
  const auto steering = std::make_shared<RolloutSteering>();
  steering->action = action;
  add_route(command, steering->route);
  if (steering->action == "promote") {
    command.add_option("--to", steering->to, "Share above the present one (default: the next step)")
        ->type_name("PERCENT");
  }
  add_notes(command, steering->reason, steering->generation, steering->action == "rollback");
  command.callback([options, steering, &code] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(steer_rollout(options->target, *steering, options->json, std::cout, std::cerr));
  });
}

/// `0.5` or `0.5%`, from 0 to 100: a share.
std::optional<double> share_in(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  double value = -1;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || stop != text.data() + text.size() || !(value >= 0) || value > 100)
    return std::nullopt;
  return value / 100;
}

CLI::Option* add_share(CLI::App& command, const char* name, double& into, const char* help) {
  return command
      .add_option_function<std::string>(
          name, [&into](const std::string& text) { into = *share_in(text); }, help)
      ->type_name("PERCENT")
      ->check([](const std::string& text) {
        return share_in(text) ? std::string() : "'" + text + "' is not a percent, such as 0.5%";
      });
}

struct Simulating {
  std::vector<std::string> files;
  std::string route;
  SimulateOptions options;
  bool json = false;
};

int simulate(const Simulating& asked) {
  const auto surroundings =
      config::real_surroundings(tls::check_certificate, tls::check_ca, tls::group_names());
  const auto loaded =
      config::load(asked.files.empty() ? config::default_files(surroundings) : asked.files, surroundings);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    for (const config::Problem& problem : *problems) std::cerr << problem.to_string() << '\n';
    return exit_bad_input;
  }
  const auto& config = std::get<config::Config>(loaded);
  const auto route = std::ranges::find(config.routes, asked.route, &config::Route::name);
  if (route == config.routes.end() || rollout_of(*route) == nullptr) {
    std::cerr << "weir: no route '" << asked.route << "' with `rollout` in the configuration\n";
    return exit_bad_input;
  }
  std::cout << simulate_rollouts(rollout::settings_of(*rollout_of(*route)), rollout::names_of(config, *route),
                                 asked.options, asked.json);
  return exit_ok;
}

void add_simulate(CLI::App& rollout, int& code) {
  CLI::App& command = *rollout.add_subcommand(
      "simulate", "Print what a route's settings do with simulated traffic: no running Weir is asked");
  const auto asked = std::make_shared<Simulating>();
  SimulateOptions& options = asked->options;
  command
      .add_option("-c,--config", asked->files,
                  "Configuration file; may be repeated, later files win (default: as of run)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  add_route(command, asked->route);
  add_share(command, "--base", options.base, "Requests that fail on both versions")->default_str("0.5%");
  add_share(command, "--jump", options.jump, "Points by which the worse canary fails more")
      ->default_str("5%");
  command.add_option("--slower", options.slower, "Factor of the worse canary's times to first byte")
      ->check(CLI::Range(1.0, 100.0))
      ->capture_default_str();
  command.add_option("--rps", options.requests_per_second, "Requests a second on the route")
      ->check(CLI::Range(0.01, 100'000.0))
      ->capture_default_str();
  command.add_option("--clients", options.clients, "Clients, where the split has affinity")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--rollouts", options.rollouts, "How many, with equal versions and with a worse canary")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--seed", options.seed, "The same seed, the same numbers")->capture_default_str();
  command.add_flag("--json", asked->json, "Print JSON for programs");
  command.callback([asked, &code] { code = simulate(*asked); });
}

}  // namespace

void add_rollout_commands(CLI::App& app, int& code) {
  CLI::App& rollout = *app.add_subcommand(
      "rollout", "Take a canary from step to step, compared with what runs; back by itself when it is worse");
  rollout.require_subcommand(1);
  add_start(rollout, code);
  add_status(rollout, code);
  add_watch(rollout, code);
  add_steering(rollout, "hold", "No further step; it is still compared, and taken back if it is worse", code);
  add_steering(rollout, "resume", "End such a hold, or that of a shared cause", code);
  add_steering(rollout, "promote", "To the next step, whatever the evidence is", code);
  add_steering(rollout, "rollback", "Take the canary back now", code);
  add_simulate(rollout, code);
}

}  // namespace weir::control
