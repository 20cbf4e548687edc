#include "cli/client_options.hpp"

#include <CLI/CLI.hpp>

namespace weir::control {

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

}  // namespace weir::control
