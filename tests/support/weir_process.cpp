#include "support/weir_process.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

namespace weir::testing {
namespace {

std::string binary(const char* variable, const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets it
  const char* chosen = std::getenv(variable);
  return chosen ? chosen : std::string(WEIR_BINARY_DIR) + "/" + name;
}

/// The JSON behind `prefix` on a ready line.
boost::json::object ready_fields(Process& process, const std::string& prefix) {
  const std::string line = process.wait_for_line(
      [&prefix](std::string_view text) { return text.starts_with(prefix); }, "\"" + prefix + "...\"");
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(line.substr(prefix.size()), error);
  if (error || !value.is_object()) throw TestFailure("no JSON object on the ready line: " + line);
  return value.as_object();
}

boost::json::value parse_json(const std::string& text, const std::string& what) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error) throw TestFailure(what + " is not JSON: " + text);
  return value;
}

/// The number at the end of a sample line, when it is of `name` and its labels contain `label`.
bool sample_value(const std::string& line, const std::string& name, const std::string& label, double& value) {
  if (!line.starts_with(name) || line.size() <= name.size()) return false;
  const char next = line[name.size()];
  if (next != '{' && next != ' ') return false;
  if (line.find(label) == std::string::npos) return false;
  value = std::strtod(line.c_str() + line.rfind(' '), nullptr);
  return true;
}

/// Gauges by name, so that a new one is watched from its first day.
bool counts_work(std::string_view name) {
  return name == "weir_connections" || name.find("in_flight") != name.npos || name.find("queue") != name.npos;
}

}  // namespace

std::string weir_binary() {
  return binary("WEIR_BIN", "weir");
}
std::string origin_binary() {
  return binary("WEIR_ORIGIN_BIN", "weir-origin");
}

WeirProcess::WeirProcess(const ConfigText& config) : WeirProcess(config.yaml()) {}

WeirProcess::WeirProcess(const std::string& yaml) : WeirProcess(yaml, Options()) {}

WeirProcess::WeirProcess(const std::string& yaml, const Options& options) {
  write_config(yaml);
  start(options);
}

void WeirProcess::start(const Options& options) {
  ProcessOptions process;
  process.arguments = {"run", "-c", config_file()};
  process.arguments.insert(process.arguments.end(), options.arguments.begin(), options.arguments.end());
  process.environment = options.environment;
  process.working_directory = directory_.path().string();
  std::string program = weir_binary();
  if (options.descriptors_max != 0) {
    // A shell in between lowers the limit, hard, so that it cannot be raised again.
    const std::string limit = "ulimit -n " + std::to_string(options.descriptors_max);
    process.arguments.insert(process.arguments.begin(), {"-c", limit + "; exec \"$0\" \"$@\"", program});
    program = "/bin/sh";
  }
  process_ = std::make_unique<Process>(program, std::move(process));
  const boost::json::object ready = ready_fields(*process_, "weir ready ");
  for (const auto& [name, address] : ready.at("listeners").as_object()) {
    addresses_[name] = std::string(address.as_string());
  }
  admin_address_ = std::string(ready.at("admin").as_string());
}

std::string WeirProcess::listener_address(const std::string& listener) const {
  const auto found = addresses_.find(listener);
  if (found == addresses_.end()) throw TestFailure("the ready line names no listener " + listener);
  return found->second;
}

std::uint16_t WeirProcess::port(const std::string& listener) const {
  return port_of(listener_address(listener));
}

std::uint16_t WeirProcess::admin_port() const {
  return port_of(admin_address_);
}

Response WeirProcess::get(const std::string& path, const std::string& extra_fields) const {
  return connect().get(path, extra_fields);
}

Response WeirProcess::admin(const std::string& path, const std::string& method) const {
  RawClient client(admin_port());
  client.send(method + " " + path + " HTTP/1.1\r\nHost: " + admin_address_ +
              "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  return client.read_response(method);
}

boost::json::value WeirProcess::admin_json(const std::string& path) const {
  return parse_json(admin(path).body, "the answer to " + path);
}

double WeirProcess::metric(const std::string& name, const std::string& label) const {
  const std::string text = admin("/metrics").body;
  double sum = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    double value = 0;
    if (sample_value(text.substr(begin, end - begin), name, label, value)) sum += value;
    begin = end + 1;
  }
  return sum;
}

void WeirProcess::wait_for_metric(const std::string& name, const std::string& label, double value) const {
  double last = 0;
  try {
    eventually("metric", [&] { return (last = metric(name, label)) == value; });
  } catch (const TestFailure&) {
    throw TestFailure(name + "{" + label + "} stayed " + std::to_string(last) + ", expected " +
                      std::to_string(value) + "\n" + process_->transcript());
  }
}

void WeirProcess::reload(const ConfigText& config) {
  reload(config.yaml());
}

void WeirProcess::reload(const std::string& yaml) {
  const double before = metric("weir_config_generation");
  write_config(yaml);
  signal(SIGHUP);
  eventually("the new configuration is in use", [&] { return metric("weir_config_generation") > before; });
}

void WeirProcess::reload_refused(const std::string& yaml) {
  const double before = metric("weir_config_generation");
  write_config(yaml);
  signal(SIGHUP);
  wait_for_metric("weir_config_last_reload_success", "", 0);
  if (metric("weir_config_generation") != before)
    throw TestFailure("a refused configuration changed the generation");
}

std::vector<boost::json::object> WeirProcess::access_log(std::size_t count) {
  std::size_t seen = 0;
  const auto is_last = [&](std::string_view line) { return line.starts_with("{") && ++seen >= count; };
  if (count > 0) process_->wait_for_line(is_last, std::to_string(count) + " access log lines");
  std::vector<boost::json::object> entries;
  for (const std::string& line : process_->output_lines()) {
    if (line.starts_with("{")) entries.push_back(parse_json(line, "an access log line").as_object());
  }
  return entries;
}

std::vector<boost::json::object> WeirProcess::access_log_by_start(std::size_t count) {
  std::vector<boost::json::object> entries = access_log(count);
  std::ranges::stable_sort(entries, {}, [](const boost::json::object& entry) {
    return std::string_view(entry.at("ts").as_string());
  });
  return entries;
}

std::string WeirProcess::busy_gauges() const {
  std::istringstream text(admin("/metrics").body);
  std::string busy, watched;
  bool any_watched = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# TYPE ")) {
      const bool gauge = line.ends_with(" gauge");
      const std::string name = line.substr(7, line.rfind(' ') - 7);
      watched = gauge && counts_work(name) ? name : "";
      any_watched = any_watched || !watched.empty();
    }
    double value = 0;
    if (watched.empty() || !sample_value(line, watched, "", value) || value == 0) continue;
    busy += line + "\n";
  }
  if (!any_watched) throw TestFailure("/metrics has no gauge of work under way");
  return busy;
}

ExitStatus WeirProcess::stop(const Deadline& deadline) {
  std::string busy;
  try {
    eventually("no work is under way", [&] { return (busy = busy_gauges()).empty(); });
  } catch (const TestFailure&) {
    throw TestFailure("gauges that stayed up before the end:\n" + busy + process_->transcript());
  }
  return stop_busy(deadline);
}

ExitStatus WeirProcess::stop_busy(const Deadline& deadline) {
  signal(SIGTERM);
  return process_->wait_exit(deadline);
}

double WeirProcess::rss_kib() const {
  std::ifstream status("/proc/" + std::to_string(process_->pid()) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

OriginProcess::OriginProcess(const std::string& name, const std::string& version,
                             const std::vector<std::string>& arguments) {
  ProcessOptions options;
  options.arguments = {"--port", "0", "--name", name};
  if (!version.empty()) {
    options.arguments.push_back("--version-header");
    options.arguments.push_back(version);
  }
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  process_ = std::make_unique<Process>(origin_binary(), std::move(options));
  address_ = std::string(ready_fields(*process_, "weir-origin ready ").at("address").as_string());
}

std::uint16_t OriginProcess::port() const {
  return port_of(address_);
}

std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::strtoul(address.c_str() + address.rfind(':') + 1, nullptr, 10));
}

std::string origin_name(const Response& response) {
  const boost::json::value value = parse_json(response.body, "the body");
  return std::string(value.as_object().at("name").as_string());
}

std::vector<std::string> origin_headers(const Response& response, const std::string& name) {
  std::vector<std::string> values;
  const boost::json::value value = parse_json(response.body, "the body");
  for (const boost::json::value& pair : value.as_object().at("headers").as_array()) {
    const boost::json::array& field = pair.as_array();
    if (to_lower(std::string_view(field.at(0).as_string())) == to_lower(name)) {
      values.emplace_back(field.at(1).as_string());
    }
  }
  return values;
}

std::string origin_header(const Response& response, const std::string& name) {
  const std::vector<std::string> values = origin_headers(response, name);
  return values.empty() ? "" : values.front();
}

}  // namespace weir::testing
