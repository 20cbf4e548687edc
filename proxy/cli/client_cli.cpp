#include "cli/client_cli.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "cli/client.hpp"
#include "cli/client_options.hpp"
#include "cli/endpoint_client.hpp"
#include "cli/event_client.hpp"
#include "cli/health_client.hpp"
#include "cli/reload_client.hpp"
#include "cli/rollout_cli.hpp"
#include "cli/split_client.hpp"
#include "cli/top_client.hpp"
#include "cli/verb_cli.hpp"
#include "config/load.hpp"
#include "control/supervisor.hpp"
#include "core/units.hpp"
#include "tls/context.hpp"
#include "tls/groups.hpp"
#include "top/state.hpp"

namespace weir::control {
namespace {

using Command = ClientOutcome (*)(const AdminTarget&, bool as_json, std::ostream&, std::ostream&);

void add_command(CLI::App& app, int& code, const char* name, const char* help, Command run) {
  CLI::App& command = *app.add_subcommand(name, help);
  const auto options = add_client_options(command);
  command.callback([options, &code, run] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(run(options->target, options->json, std::cout, std::cerr));
  });
}

/// Where a Weir that runs with `files` listens for commands, and its token; the problems of the files otherwise.
std::optional<std::vector<config::Problem>> find_admin(const std::vector<std::string>& files,
                                                       AdminTarget& target) {
  const auto surroundings =
      config::real_surroundings(tls::check_certificate, tls::check_ca, tls::group_names());
  const auto loaded = config::load(files, surroundings);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) return *problems;
  const config::Admin& admin = std::get<config::Config>(loaded).admin;
  target.address = admin.address.to_string();
  if (target.token.empty()) target.token = admin.token;
  return std::nullopt;
}

/// With files it fails before it asks when they are refused; so it is what a unit's ExecReload runs.
void add_reload_command(CLI::App& app, int& code) {
  CLI::App& command =
      *app.add_subcommand("reload", "Make a running Weir load its configuration anew; fails when it refuses");
  const auto options = add_client_options(command);
  const auto files = std::make_shared<std::vector<std::string>>();
  command
      .add_option(
          "-c,--config", *files,
          "Configuration file of the running Weir, may be repeated: checked first; admin address and token "
          "are taken from it")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->excludes("--admin");
  const auto setting = std::make_shared<ReloadSetting>();
  command
      .add_option(
          "--guard", setting->guard,
          "Watch it for that long and wait: where requests fail more often than before, the configuration "
          "before it returns (exit code 4)")
      ->type_name("DURATION");
  command.add_option("--reason", setting->reason, "For the audit")->type_name("TEXT");
  command.callback([options, files, setting, &code] {
    options->target.token = admin_token(options->target.token);
    if (!files->empty()) {
      if (const auto problems = find_admin(*files, options->target)) {
        for (const config::Problem& problem : *problems) std::cerr << problem.to_string() << '\n';
        code = exit_bad_input;
        return;
      }
    }
    code = exit_code(request_reload(options->target, *setting, options->json, std::cout, std::cerr));
  });
}

/// 0 or 1, as probes of containers have it; -c for those whose admin address is not the default.
void add_health_command(CLI::App& app, int& code) {
  CLI::App& command = *app.add_subcommand(
      "health", "Exit with 0 when a running Weir is ready (or alive), else with 1; for probes");
  const auto options = add_client_options(command);
  const auto files = std::make_shared<std::vector<std::string>>();
  command
      .add_option("-c,--config", *files,
                  "Configuration file of the running Weir, may be repeated: admin address is taken from it")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->excludes("--admin");
  const auto live = std::make_shared<bool>(false);
  const auto ready = std::make_shared<bool>(false);
  CLI::Option* const asks_ready = command.add_flag(
      "--ready", *ready,
      "Whether it wants new requests (the default): not while it starts, nor while it stops");
  command.add_flag("--live", *live, "Whether the process answers")->excludes(asks_ready);
  command.callback([options, files, live, ready, &code] {
    code = exit_bad_input;
    if (!files->empty()) {
      if (const auto problems = find_admin(*files, options->target)) {
        for (const config::Problem& problem : *problems) std::cerr << problem.to_string() << '\n';
        return;
      }
    }
    const HealthQuestion question = *live ? HealthQuestion::live : HealthQuestion::ready;
    if (ask_health(options->target, question, options->json, std::cout, std::cerr)) code = exit_ok;
  });
}

void add_split_commands(CLI::App& app, int& code) {
  CLI::App& split = *app.add_subcommand("split", "Show or change the weights of a route's split");
  split.require_subcommand(1);

  CLI::App& get = *split.add_subcommand("get", "Show configured, runtime and effective weights");
  const auto asked = add_client_options(get);
  const auto shown = std::make_shared<std::string>();
  get.add_option("ROUTE", *shown, "Only of this route");
  get.callback([asked, shown, &code] {
    asked->target.token = admin_token(asked->target.token);
    code = exit_code(show_splits(asked->target, *shown, asked->json, std::cout, std::cerr));
  });

  CLI::App& set = *split.add_subcommand("set", "Change the weights, on all workers at once");
  const auto options = add_client_options(set);
  const auto change = std::make_shared<SplitSetting>();
  set.add_option("ROUTE", change->route, "Name of a route with a split")->required();
  set.add_option("WEIGHTS", change->weights, "UPSTREAM=WEIGHT for each target, such as blue=90 green=10")
      ->required()
      ->type_name("UPSTREAM=WEIGHT");
  set.add_option("--ttl", change->ttl, "After this, back to the configuration's weights")
      ->type_name("DURATION");
  set.add_option("--reason", change->reason, "For the audit")->type_name("TEXT");
  set.add_flag("--abort-rollout", change->abort_rollout, "End a rollout that runs on the route");
  set.add_option("--if-generation", change->generation,
                 "Only while this generation is in use, as split get shows it")
      ->type_name("TAG");
  set.callback([options, change, &code] {
    options->target.token = admin_token(options->target.token);
    const SetOutcome outcome = set_split(options->target, *change, options->json, std::cout, std::cerr);
    code = outcome.usage ? exit_usage : exit_code(outcome.outcome);
  });
}

/// UPSTREAM ADDRESS [--reason TEXT]; what `command` says of the endpoint is `state`.
std::shared_ptr<EndpointSetting> add_endpoint_command(CLI::App& command, upstream::OperatorState state,
                                                      int& code) {
  const auto options = add_client_options(command);
  const auto setting = std::make_shared<EndpointSetting>();
  setting->state = state;
  command.add_option("UPSTREAM", setting->upstream, "Name of an upstream")->required();
  command.add_option("ADDRESS", setting->address, "The endpoint as weir status shows it")
      ->required()
      ->type_name("IP:PORT");
  command.add_option("--reason", setting->reason, "For the audit")->type_name("TEXT");
  command.callback([options, setting, &code] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(set_endpoint(options->target, *setting, options->json, std::cout, std::cerr));
  });
  return setting;
}

void add_endpoint_commands(CLI::App& app, int& code) {
  using upstream::OperatorState;
  CLI::App& endpoint = *app.add_subcommand("endpoint", "Take an endpoint out of use, or put it back");
  endpoint.require_subcommand(1);
  CLI::App& drain = *endpoint.add_subcommand("drain", "No new requests; what runs finishes; checks go on");
  const auto draining = add_endpoint_command(drain, OperatorState::drain, code);
  CLI::Option* const wait =
      drain.add_flag("--wait", draining->wait, "Return when nothing is in flight there any more");
  drain
      .add_option_function<std::string>(
          "--timeout", [draining](const std::string& text) { draining->timeout = *parse_duration(text); },
          "Of --wait: give up after this (exit code 1)")
      ->type_name("DURATION")
      ->default_str(format_duration(drain_wait_default))
      ->needs(wait)
      ->check(positive_duration);
  add_endpoint_command(*endpoint.add_subcommand("enable", "Back into use"), OperatorState::active, code);
  add_endpoint_command(*endpoint.add_subcommand("disable", "Like drain, and it is not checked either"),
                       OperatorState::disabled, code);
}

void add_events_command(CLI::App& app, int& code) {
  CLI::App& command =
      *app.add_subcommand("events", "Show what happened to endpoints: ejections, returns, panic");
  const auto options = add_client_options(command);
  const auto follow = std::make_shared<bool>(false);
  command.add_flag("-f,--follow", *follow, "Go on with new ones as they come");
  command.callback([options, follow, &code] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(show_events(options->target, *follow, options->json, std::cout, std::cerr));
  });
}

void add_top_command(CLI::App& app, int& code) {
  CLI::App& command = *app.add_subcommand("top", "Watch a running Weir in the terminal");
  const auto options = add_client_options(command);
  const auto setting = std::make_shared<TopSetting>();
  command.add_flag("--once", setting->once, "Print what there is now, and end");
  const std::set<std::string> pages(top::page_names.begin(), top::page_names.end());
  command.add_option("--page", setting->page, "The page to begin with")
      ->type_name("PAGE")
      ->check(CLI::IsMember(pages));
  command.callback([options, setting, &code] {
    options->target.token = admin_token(options->target.token);
    setting->as_json = options->json;
    code = exit_code(run_top(options->target, *setting, std::cout, std::cerr));
  });
}

}  // namespace

void add_client_commands(CLI::App& app, int& code) {
  add_command(app, code, "status", "Show what a running Weir is doing", show_status);
  add_health_command(app, code);
  add_reload_command(app, code);
  add_events_command(app, code);
  add_split_commands(app, code);
  add_rollout_commands(app, code);
  add_endpoint_commands(app, code);
  add_top_command(app, code);
  add_verb_commands(app, code);
}

}  // namespace weir::control
