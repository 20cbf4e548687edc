#include "cli/client_options.hpp"

#include <CLI/CLI.hpp>

#include "control/supervisor.hpp"
#include "core/units.hpp"

namespace weir::control {

int exit_code(ClientOutcome outcome) {
  switch (outcome) {
    case ClientOutcome::done:
      return exit_ok;
    case ClientOutcome::refused:
      return exit_bad_input;
    case ClientOutcome::unreachable:
      return exit_cannot_start;
    case ClientOutcome::taken_back:
      return exit_taken_back;
  }
  return exit_cannot_start;
}

std::shared_ptr<ClientOptions> add_client_options(CLI::App& command) {
  const auto options = std::make_shared<ClientOptions>();
  command.add_option("--admin", options->target.address, "Admin address of the running Weir")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command.add_option("--token", options->target.token, "Admin token (default: WEIR_ADMIN_TOKEN)")
      ->type_name("TOKEN");
  command.add_flag("--json", options->json, "Print JSON for programs");
  return options;
}

std::string positive_duration(const std::string& text) {
  const auto time = parse_duration(text);
  return time && time->count() > 0 ? std::string() : "'" + text + "' is not a duration, such as 5m";
}

}  // namespace weir::control
