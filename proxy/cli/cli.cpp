#include "cli/cli.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "cli/client_cli.hpp"
#include "cli/diff_cli.hpp"
#include "cli/explain_client.hpp"
#include "cli/version_cli.hpp"
#include "config/own_addresses.hpp"
#include "control/supervisor.hpp"
#include "explain/explain.hpp"
#include "tls/context.hpp"
#include "tls/groups.hpp"

namespace weir::control {
namespace {

struct Options {
  std::vector<std::string> files;
  bool json = false;
  bool watch = false;
};

std::vector<std::string> files_of(const Options& options, const config::Surroundings& surroundings) {
  return options.files.empty() ? config::default_files(surroundings) : options.files;
}

void add_files_option(CLI::App& command, Options& options) {
  command
      .add_option("-c,--config", options.files,
                  "Configuration file; may be repeated, later files win (default: config/weir.yaml, then "
                  "config/$WEIR_ENV.yaml)")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

void add_json_option(CLI::App& command, Options& options) {
  command.add_flag("--json", options.json, "Print JSON for programs");
}

/// What is no error but worth a look before it goes into force.
std::vector<std::string> warnings_of(const config::Config& config) {
  std::vector<std::string> warnings = config::admin_endpoint_warnings(config);
  for (const config::Listener& listener : config.listeners) {
    if (!listener.tls) continue;
    for (const config::CertificatePair& pair : listener.tls->certificates) {
      const auto info = tls::read_certificate_info(pair);
      const auto warning =
          info ? tls::validity_warning(*info, std::chrono::system_clock::now()) : std::nullopt;
      if (warning) warnings.push_back("listener " + listener.name + ": " + *warning);
    }
  }
  return warnings;
}

int run_command(const Options& options) {
  auto surroundings = config::real_surroundings(tls::check_certificate, tls::check_ca, tls::group_names());
  auto files = files_of(options, surroundings);
  // Before any thread starts, so that none of them dies of a closed pipe.
  std::signal(SIGPIPE, SIG_IGN);
  Supervisor supervisor(std::move(files), std::move(surroundings), options.watch);
  return supervisor.run();
}

int check_command(const Options& options) {
  const auto surroundings =
      config::real_surroundings(tls::check_certificate, tls::check_ca, tls::group_names());
  const auto files = files_of(options, surroundings);
  const auto loaded = config::load(files, surroundings);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    if (options.json) {
      boost::json::array list;
      for (const config::Problem& problem : *problems) {
        list.push_back({{"file", problem.file},
                        {"line", problem.line},
                        {"column", problem.column},
                        {"path", problem.path},
                        {"problem", problem.problem},
                        {"remedy", problem.remedy}});
      }
      std::cout << boost::json::serialize(boost::json::object{{"ok", false}, {"problems", list}}) << '\n';
    } else {
      for (const config::Problem& problem : *problems) std::cerr << problem.to_string() << '\n';
      std::cerr << problems->size() << (problems->size() == 1 ? " problem\n" : " problems\n");
    }
    return exit_bad_input;
  }
  const auto& config = std::get<config::Config>(loaded);
  const std::vector<std::string> warnings = warnings_of(config);
  if (options.json) {
    const boost::json::object answer{
        {"ok", true}, {"hash", config.hash}, {"warnings", boost::json::value_from(warnings)}};
    std::cout << boost::json::serialize(answer) << '\n';
  } else {
    for (const std::string& warning : warnings) std::cerr << "warning: " << warning << '\n';
    std::cout << "ok: " << config.listeners.size() << " listeners, " << config.upstreams.size()
              << " upstreams, " << config.routes.size() << " routes, config " << config.hash << '\n';
  }
  return exit_ok;
}

int explain_command(const Options& options, const ExplainRequest& request) {
  const auto surroundings =
      config::real_surroundings(tls::check_certificate, tls::check_ca, tls::group_names());
  const auto loaded = config::load(files_of(options, surroundings), surroundings);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    for (const config::Problem& problem : *problems) std::cerr << problem.to_string() << '\n';
    return exit_bad_input;
  }
  const auto explained = explain(std::get<config::Config>(loaded), request, options.json);
  if (!explained) {
    std::cerr << "weir explain: " << explained.error().detail << '\n';
    return exit_bad_input;
  }
  std::cout << *explained;
  return exit_ok;
}

struct ExplainOptions {
  ExplainRequest request;
  bool live = false;
  AdminTarget target;
};

int explain_command(const Options& options, ExplainOptions& asked) {
  if (!asked.live) return explain_command(options, asked.request);
  asked.target.token = admin_token(asked.target.token);
  return exit_code(ask_explain(asked.target, asked.request, options.json, std::cout, std::cerr));
}

void add_explain_command(CLI::App& app, Options& options, ExplainOptions& asked, int& code) {
  CLI::App& command = *app.add_subcommand("explain", "Say what would happen to a request, and why");
  add_files_option(command, options);
  add_json_option(command, options);
  command.add_option("METHOD", asked.request.method, "GET, POST ...")->required();
  command.add_option("URL", asked.request.url, "http(s)://host[:port]/path?query")->required();
  command.add_option("-H,--header", asked.request.headers, "A request header; may be repeated")
      ->type_name("'NAME: VALUE'")
      ->allow_extra_args(false);
  command.add_option("--client", asked.request.client_ip, "Who is connected to Weir")
      ->type_name("IP")
      ->capture_default_str();
  command
      .add_option("--listener", asked.request.listener,
                  "Where the request comes in (default: as the URL says)")
      ->type_name("NAME");
  CLI::Option* const live = command.add_flag(
      "--live", asked.live,
      "Ask the running Weir: tokens left, weights in force, endpoints and bounds as they are now");
  command.add_option("--admin", asked.target.address, "Of --live: admin address of the running Weir")
      ->type_name("HOST:PORT")
      ->capture_default_str()
      ->needs(live);
  command
      .add_option("--token", asked.target.token, "Of --live: admin or read token (default: WEIR_ADMIN_TOKEN)")
      ->type_name("TOKEN")
      ->needs(live);
  live->excludes("--config");
  command.callback([&] { code = explain_command(options, asked); });
}

}  // namespace

int run_cli(int argc, char** argv) {
  CLI::App app("Weir: an edge load balancer and reverse proxy", "weir");
  app.require_subcommand(1);
  Options options;
  int code = exit_ok;

  CLI::App& run = *app.add_subcommand("run", "Serve");
  add_files_option(run, options);
  run.add_flag("--watch", options.watch, "Reload when a file of the configuration changes");
  run.callback([&] { code = run_command(options); });

  CLI::App& check =
      *app.add_subcommand("check", "Validate the configuration and report everything wrong with it");
  add_files_option(check, options);
  add_json_option(check, options);
  check.callback([&] { code = check_command(options); });

  ExplainOptions explained;
  add_explain_command(app, options, explained, code);

  add_diff_command(app, code);
  add_client_commands(app, code);

  add_version_command(app, code);

  const auto is_named = [&](const CLI::App* command) { return command->get_name() == argv[1]; };
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  if (argc > 1 && argv[1][0] != '-' && std::none_of(commands.begin(), commands.end(), is_named)) {
    std::cerr << "weir: unknown command '" << argv[1] << "'; weir --help lists them\n";
    return exit_usage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int shown = app.exit(error);
    return shown == 0 ? exit_ok : exit_usage;
  } catch (const std::exception& failure) {
    std::cerr << "weir: " << failure.what() << '\n';
    return exit_cannot_start;
  }
  return code;
}

}  // namespace weir::control
