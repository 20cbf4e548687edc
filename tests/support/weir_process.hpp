// The real `weir` binary with a configuration of the test's: started on free ports, asked through its admin
// address, reloaded, drained. A test that ends without stop() kills it. The test's thread only.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/config_text.hpp"
#include "support/process.hpp"
#include "support/raw_client.hpp"
#include "support/temp_dir.hpp"

namespace weir::testing {

/// Paths of the binaries under test: $WEIR_BIN and $WEIR_ORIGIN_BIN, else those of this build.
std::string weir_binary();
std::string origin_binary();

class WeirProcess {
 public:
  struct Options {
    std::map<std::string, std::string> environment;
    std::vector<std::string> arguments;  // behind `run -c FILE`
    unsigned descriptors_max = 0;        // hard limit of this one process; 0: the test's own
  };

  /// Starts it and waits until it accepts. Throws TestFailure with what it wrote when it does not.
  explicit WeirProcess(const ConfigText& config);
  explicit WeirProcess(const std::string& yaml);
  WeirProcess(const std::string& yaml, const Options& options);

  std::uint16_t port(const std::string& listener = "http") const;
  std::string listener_address(const std::string& listener = "http") const;
  std::uint16_t admin_port() const;

  RawClient connect(const std::string& listener = "http") const { return RawClient(port(listener)); }
  RawClient connect_tls(const TlsClientOptions& tls, const std::string& listener = "https") const {
    return RawClient(port(listener), tls);
  }
  /// One GET on a connection of its own.
  Response get(const std::string& path, const std::string& extra_fields = "") const;
  Response admin(const std::string& path, const std::string& method = "GET") const;
  boost::json::value admin_json(const std::string& path) const;

  /// Sum of all samples of `name` in /metrics whose labels contain `label` (`kind="reset"`); 0 when there are
  /// none.
  double metric(const std::string& name, const std::string& label = "") const;
  void wait_for_metric(const std::string& name, const std::string& label, double value) const;

  /// Replaces the configuration file, sends SIGHUP and waits until the new one is in use.
  void reload(const ConfigText& config);
  void reload(const std::string& yaml);
  /// The same with a configuration that must be refused.
  void reload_refused(const std::string& yaml);
  void write_config(const std::string& yaml) const { directory_.write("weir.yaml", yaml); }
  std::string config_file() const { return directory_.file("weir.yaml"); }
  TempDir& directory() { return directory_; }

  /// Lines of the access log so far; waits until there are at least `count`. Each worker writes its own when they are
  /// due, so lines of one connection have an order, and others have none.
  std::vector<boost::json::object> access_log(std::size_t count);
  /// The same, by when the requests began: for requests that came one after the other.
  std::vector<boost::json::object> access_log_by_start(std::size_t count);

  void signal(int number) const { process_->signal(number); }
  Process& process() { return *process_; }
  /// Gauges of what is under way that are not 0, as their samples' lines: requests in flight, client connections,
  /// queues. Connections that are kept to endpoints idle there on purpose and do not count.
  std::string busy_gauges() const;
  /// For a process that has nothing to do any more: waits until busy_gauges() is empty, then SIGTERM; returns the exit
  /// status. A gauge that stays up is a failure of the test.
  ExitStatus stop(const Deadline& deadline = Deadline());
  /// SIGTERM whatever is under way, then the exit status.
  ExitStatus stop_busy(const Deadline& deadline = Deadline());
  double rss_kib() const;

 private:
  void start(const Options& options);

  TempDir directory_;
  std::unique_ptr<Process> process_;
  std::map<std::string, std::string> addresses_;  // listener -> address:port
  std::string admin_address_;
};

/// One weir-origin on a free port.
class OriginProcess {
 public:
  /// `arguments`: more of the command line.
  explicit OriginProcess(const std::string& name = "origin", const std::string& version = "",
                         const std::vector<std::string>& arguments = {});

  std::string address() const { return address_; }
  std::uint16_t port() const;
  Process& process() { return *process_; }

 private:
  std::unique_ptr<Process> process_;
  std::string address_;
};

/// The port behind the last colon.
std::uint16_t port_of(const std::string& address);
/// Value of a weir-origin description's field, and of a header in it ("" when absent).
std::string origin_name(const Response& response);
std::string origin_header(const Response& response, const std::string& name);
std::vector<std::string> origin_headers(const Response& response, const std::string& name);

}  // namespace weir::testing
