#include "cli/cli.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "cli/client_cli.hpp"
#include "config/own_addresses.hpp"
#include "control/supervisor.hpp"
#include "core/version.hpp"
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

int version_command(const Options& options) {
  if (options.json) {
    const boost::json::object facts{{"version", version()}, {"commit", commit()}};
    std::cout << boost::json::serialize(facts) << '\n';
  } else {
    std::cout << "weir " << version() << " (" << commit() << ")\n";
  }
  return exit_ok;
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

  ExplainRequest request;
  CLI::App& explaining = *app.add_subcommand("explain", "Say what would happen to a request, and why");
  add_files_option(explaining, options);
  add_json_option(explaining, options);
  explaining.add_option("METHOD", request.method, "GET, POST ...")->required();
  explaining.add_option("URL", request.url, "http(s)://host[:port]/path?query")->required();
  explaining.add_option("-H,--header", request.headers, "A request header; may be repeated")
      ->type_name("'NAME: VALUE'")
      ->allow_extra_args(false);
  explaining.add_option("--client", request.client_ip, "Who is connected to Weir")
      ->type_name("IP")
      ->capture_default_str();
  explaining.callback([&] { code = explain_command(options, request); });

  add_client_commands(app, code);

  CLI::App& version = *app.add_subcommand("version", "Print the version");
  add_json_option(version, options);
  version.callback([&] { code = version_command(options); });

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
