#include "control/client_cli.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "control/client.hpp"
#include "control/supervisor.hpp"

namespace weir::control {
namespace {

struct ClientOptions {
  AdminTarget target;
  bool json = false;
};

int exit_code(ClientOutcome outcome) {
  switch (outcome) {
    case ClientOutcome::done:
      return exit_ok;
    case ClientOutcome::refused:
      return exit_bad_input;
    case ClientOutcome::unreachable:
      return exit_cannot_start;
  }
  return exit_cannot_start;
}

using Command = ClientOutcome (*)(const AdminTarget&, bool as_json, std::ostream&, std::ostream&);

void add_command(CLI::App& app, int& code, const char* name, const char* help, Command run) {
  const auto options = std::make_shared<ClientOptions>();
  CLI::App& command = *app.add_subcommand(name, help);
  command.add_option("--admin", options->target.address, "Admin address of the running Weir")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command.add_option("--token", options->target.token, "Admin token (default: WEIR_ADMIN_TOKEN)")
      ->type_name("TOKEN");
  command.add_flag("--json", options->json, "Print JSON for programs");
  command.callback([options, &code, run] {
    options->target.token = admin_token(options->target.token);
    code = exit_code(run(options->target, options->json, std::cout, std::cerr));
  });
}

}  // namespace

void add_client_commands(CLI::App& app, int& code) {
  add_command(app, code, "status", "Show what a running Weir is doing", show_status);
  add_command(app, code, "reload", "Make a running Weir load its configuration anew", request_reload);
}

}  // namespace weir::control
