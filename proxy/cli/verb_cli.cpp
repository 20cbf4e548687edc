#include "cli/verb_cli.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "admin/verb_request.hpp"
#include "cli/client_options.hpp"
#include "cli/pause_client.hpp"
#include "cli/split_client.hpp"
#include "control/supervisor.hpp"
#include "core/units.hpp"

namespace weir::control {
namespace {

void add_pause_command(CLI::App& app, int& code) {
  CLI::App& command =
      *app.add_subcommand("pause", "Let a route's requests wait, while what is behind it restarts");
  const auto options = add_client_options(command);
  const auto setting = std::make_shared<PauseSetting>();
  command.add_option("ROUTE", setting->route, "Name of a route that proxies")->required();
  command.add_option("--max", setting->max, "After this it goes on by itself")
      ->type_name("DURATION")
      ->default_str(format_duration(pause_default));
  command.add_option("--queue", setting->queue, "Requests that may wait; further ones get 503")
      ->type_name("NUMBER")
      ->check(CLI::Range(1U, pause_queue_max))
      ->default_str(std::to_string(pause_queue_default));
  command.add_option("--reason", setting->reason, "For the audit")->type_name("TEXT");
  CLI::Option* const wait =
      command.add_flag("--wait", setting->wait, "Return when no request runs that came before");
  command
      .add_option_function<std::string>(
          "--timeout", [setting](const std::string& text) { setting->timeout = *parse_duration(text); },
          "Of --wait: give up after this (exit code 1); the route stays paused")
      ->type_name("DURATION")
      ->default_str(format_duration(setting->timeout))
      ->needs(wait)
      ->check(positive_duration);
  command.callback([options, setting, &code] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(pause_route(options->target, *setting, options->json, std::cout, std::cerr));
  });
}

void add_resume_command(CLI::App& app, int& code) {
  CLI::App& command = *app.add_subcommand("resume", "Let the requests of a paused route go on");
  const auto options = add_client_options(command);
  const auto setting = std::make_shared<PauseSetting>();
  command.add_option("ROUTE", setting->route, "Name of a route")->required();
  command.add_option("--reason", setting->reason, "For the audit")->type_name("TEXT");
  command.callback([options, setting, &code] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(
        resume_route(options->target, setting->route, setting->reason, options->json, std::cout, std::cerr));
  });
}

void add_weights_command(CLI::App& app, int& code, bool promotes) {
  CLI::App& command =
      promotes ? *app.add_subcommand("promote", "Give a split's new side everything")
               : *app.add_subcommand("rollback", "Back to a split's weights before the last change of them");
  const auto options = add_client_options(command);
  const auto verb = std::make_shared<WeightsVerb>();
  verb->promotes = promotes;
  command.add_option("ROUTE", verb->route, "Name of a route with a split")->required();
  if (promotes)
    command
        .add_option(
            "--to", verb->to,
            "The side that gets everything (default: the one beside that which the configuration gives "
            "everything to)")
        ->type_name("UPSTREAM");
  command.add_option("--reason", verb->reason, "For the audit")->type_name("TEXT")->required();
  command
      .add_option("--if-generation", verb->generation,
                  "Only while this generation is in use, as split get shows it")
      ->type_name("TAG");
  command.callback([options, verb, &code] {
    options->target.token = admin_token(options->target.token);
    const SetOutcome outcome = change_weights(options->target, *verb, options->json, std::cout, std::cerr);
    code = outcome.usage ? exit_usage : exit_code(outcome.outcome);
  });
}

}  // namespace

void add_verb_commands(CLI::App& app, int& code) {
  add_pause_command(app, code);
  add_resume_command(app, code);
  add_weights_command(app, code, true);
  add_weights_command(app, code, false);
}

}  // namespace weir::control
