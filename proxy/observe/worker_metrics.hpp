// The counters of one worker: plain integers that only their worker touches. A scrape posts a copy request to
// each worker and merges the copies (collector.hpp), so the request path has no lock and no atomic. Labels
// are small ids, resolved when a snapshot is built; names are looked up at scrape time. References to
// counters stay valid as long as the WorkerMetrics lives: resolve them once per snapshot and keep them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grpc/status.hpp"
#include "http/head.hpp"
#include "limit/overload.hpp"
#include "observe/stable_table.hpp"

namespace weir::observe {

/// Upper bounds in seconds of http_request_duration_seconds and weir_upstream_duration_seconds.
inline constexpr std::array<double, 14> duration_bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                        0.1,    0.25,  0.5,    1,     2.5,  5,     10};

struct Histogram {
  std::array<std::uint64_t, duration_bounds.size() + 1> buckets{};  // not cumulative; last: +Inf
  double sum_seconds = 0;
  /// A negative duration, or none at all (NaN), counts as 0.
  void observe(double seconds);
  void merge(const Histogram& other);
};

/// Ids: numbers of 24 bits handed out by the control thread's NameTable, stable over reloads.
using NameId = std::uint32_t;
inline constexpr unsigned name_bits = 24;
inline constexpr NameId no_name = (NameId{1} << name_bits) - 1;  // shown as "" (e.g. no upstream)

/// Counters for the few values of one label. Values come from our own code; should there be more than
/// `values_max`, the further ones share "other".
class LabelCounters {
 public:
  static constexpr std::size_t values_max = 64;
  /// The reference is good until the next call.
  std::uint64_t& operator[](std::string_view value);
  std::uint64_t total() const;
  void merge(const LabelCounters& other);
  auto begin() const { return counters_.begin(); }  // pairs of value and count
  auto end() const { return counters_.end(); }

 private:
  std::vector<std::pair<std::string, std::uint64_t>> counters_;
};

struct ListenerCounters {
  std::uint64_t connections_total = 0;
  std::int64_t active = 0, idle = 0;  // open connections: in a request (or handshake), between requests
  std::uint64_t refused_total = 0;    // past server.max_connections
  std::uint64_t refused_clients = 0;  // past limits.connections_per_client
  std::uint64_t old_connections = 0;  // past limits.connection_max_age
  std::uint64_t old_tunnels = 0;      // past limits.tunnel_max_age
  LabelCounters handshakes;           // "result|version"
  struct Http2 {
    std::uint64_t connections_total = 0;  // by ALPN, or by their preface
    LabelCounters closed;  // connections that Weir ended by GOAWAY with an error, by its reason
    // Requests that no exchange began for.
    std::uint64_t refused_streams = 0;    // past limits.concurrent_streams
    std::uint64_t malformed_streams = 0;  // what RFC 9113 8 forbids
    std::uint64_t late_streams = 0;       // after GOAWAY, in a drain
    std::uint64_t held_heads = 0;         // the heads of those that run fill what one connection may hold
    std::uint64_t delayed_streams = 0;    // that waited before they began
    std::int64_t waiting_streams = 0,
                 standing_streams = 0;  // now: these, and those that wait for their window
  } http2{};
  /// Requests and responses that a bound on the client's pace ended, by the key of limits.
  struct ClientsEnded {
    std::uint64_t body_idle_timeout = 0, body_min_rate = 0, send_timeout = 0, response_min_rate = 0;
  } clients_ended{};
  /// Request bodies that were not wanted and dropped, by what ended that.
  struct Discards {
    std::uint64_t complete = 0;  // nothing more came
    std::uint64_t client_gone = 0;
    std::uint64_t discard_bytes = 0, discard_min_rate = 0, discard_timeout = 0;  // the key of limits
    std::uint64_t bytes = 0;                                                     // dropped, by all of them
  } discards{};
  void merge(const ListenerCounters& other);
};

struct EndpointCounters {
  std::array<std::uint64_t, 6> responses{};  // by class: 1xx..5xx; [0]: none
  Histogram duration;
  std::int64_t active = 0, idle = 0;  // connections
  std::int64_t streams = 0;           // requests on those of HTTP/2
  LabelCounters failures;             // by ErrorKind name, or status_503
  LabelCounters ejections;            // by reason
  LabelCounters ejections_held;       // that were due and not made, or failures not counted, by why
  std::uint64_t requests_total() const;
  void merge(const EndpointCounters& other);
};

struct UpstreamCounters {
  std::uint64_t retries_succeeded = 0, retries_failed = 0, stale_retries = 0, unprocessed_retries = 0;
  // Wanted, but not made.
  std::uint64_t retries_over_budget = 0, retries_without_endpoint = 0, retries_without_room = 0;
  std::uint64_t refused_max_requests = 0, refused_endpoint_busy = 0;
  struct Queue {
    std::uint64_t served = 0, timeout = 0, full = 0, shed = 0, left = 0, no_endpoint = 0;
  } queue{};
  std::uint64_t to_backups = 0;      // requests sent to backup endpoints
  std::uint64_t to_other_zones = 0;  // requests sent out of the local zone
  void merge(const UpstreamCounters& other);
};

/// Requests that a split sent to one upstream, by reason (split::Why).
struct SplitCounters {
  std::array<std::uint64_t, 4> by_why{};
  void merge(const SplitCounters& other);
};

/// Calls of gRPC, by the status that they ended with.
struct GrpcCounters {
  std::array<std::uint64_t, grpc::status_count> by_status{};
  std::uint64_t none = 0;  // the endpoint said none
  /// Without a status: the endpoint said none.
  void add(std::optional<grpc::Status> status) {
    ++(status ? by_status[static_cast<std::size_t>(*status)] : none);
  }
  void merge(const GrpcCounters& other);
};

/// Requests that a mirror was to copy, by how that ended (route::MirrorOutcome).
struct MirrorCounters {
  std::array<std::uint64_t, 5> by_outcome{};
  GrpcCounters grpc;  // copies of calls that were sent
  void merge(const MirrorCounters& other);
};

struct LimitCounters {
  std::uint64_t refused = 0, shadow = 0;
  void merge(const LimitCounters& other);
};

/// Requests that Weir refused by what their route says.
struct RefusalCounters {
  std::uint64_t access_denied = 0, max_in_flight = 0;
  void merge(const RefusalCounters& other);
};

/// What an overloaded process gives up.
enum class Shed : std::uint8_t { keep_alive, idle_connection, new_connection };
inline constexpr std::size_t shed_count = 3;

class WorkerMetrics {
 public:
  /// Label sets of http_requests_total per worker; further ones count as method OTHER, status "other".
  static constexpr std::size_t request_series_max = 65'536;

  void request_started(NameId route) { ++in_flight[route]; }
  /// Counts http_requests_total, the duration histogram and takes one off the in-flight gauge. A status
  /// outside 100..599 (0: nothing was answered) is shown as "other".
  void request_finished(NameId route, NameId upstream, http::Method method, int status, double seconds);

  ListenerCounters& listener(NameId name) { return listeners[name]; }
  EndpointCounters& endpoint(NameId upstream, NameId endpoint_label) {
    return endpoints[pair_key(upstream, endpoint_label)];
  }
  UpstreamCounters& upstream(NameId name) { return upstreams[name]; }
  LimitCounters& limit(NameId name, NameId route) { return limits[pair_key(name, route)]; }

  void split_chosen(NameId route, NameId upstream, std::size_t why) {
    ++splits[pair_key(route, upstream)].by_why[why];
  }
  MirrorCounters& mirrored(NameId route, NameId upstream) { return mirrors[pair_key(route, upstream)]; }
  /// Without a status: the endpoint said none.
  void grpc_finished(NameId route, NameId upstream, std::optional<grpc::Status> status) {
    grpc_calls[pair_key(route, upstream)].add(status);
  }
  std::uint64_t& shed(Shed what, limit::Bound why) {
    return shed_by[static_cast<std::size_t>(what)][static_cast<std::size_t>(why)];
  }
  RefusalCounters& refused(NameId route) { return refusals[route]; }

  /// Other plain counters of this worker.
  std::uint64_t access_log_dropped_lines = 0;
  std::uint64_t accept_backoffs = 0;  // out of descriptors
  std::uint64_t requests_total = 0;   // finished

  /// What one worker has, beside the others.
  struct Share {
    std::size_t worker = 0;
    std::uint64_t requests = 0;
    std::size_t connections = 0;
  };
  std::vector<Share> shares;  // of all workers, in no order; only in a sum of their counters

  void merge(const WorkerMetrics& other);
  std::uint64_t log_lines_withheld = 0;

  /// Where a walk over all tables stands that is done bit by bit.
  struct Walk {
    std::size_t table = 0, place = 0;
  };
  /// Adds the next entries to `into`, at most `most` of them; true when all have been. What is counted between two
  /// calls is in or not: a scrape is no single moment.
  bool copy_some(WorkerMetrics& into, Walk& walk, std::size_t most) const;
  /// Looks at the next `most` entries and forgets those of the names `gone` (by id). True when all have been looked at.
  /// What something is under way for stays, and its names are added to `busy`. No other code may hold references to
  /// counters of these names, nor use the ids.
  bool forget_some(const std::vector<bool>& gone, std::vector<NameId>& busy, Walk& walk, std::size_t most);

  // Read by the collector on the merged copy.
  struct RequestKey {
    NameId route, upstream;
    http::Method method;
    std::uint16_t status;  // 0: other
    std::uint64_t pack() const;
    static RequestKey unpack(std::uint64_t packed);
    bool operator==(const RequestKey&) const = default;
  };
  static constexpr std::uint64_t pair_key(NameId first, NameId second) {
    return std::uint64_t{first} << name_bits | second;
  }
  static constexpr NameId first_of(std::uint64_t pair) { return static_cast<NameId>(pair >> name_bits); }
  static constexpr NameId second_of(std::uint64_t pair) { return static_cast<NameId>(pair & no_name); }

  std::array<std::array<std::uint64_t, limit::bound_count>, shed_count> shed_by{};  // by Shed, Bound
  StableTable<std::uint64_t> requests;                                              // by RequestKey::pack()
  StableTable<Histogram> request_duration;  // by pair_key(route, upstream)
  StableTable<std::int64_t> in_flight;      // by route
  StableTable<ListenerCounters> listeners;  // by listener
  StableTable<EndpointCounters> endpoints;  // by pair_key(upstream, endpoint label)
  StableTable<UpstreamCounters> upstreams;  // by upstream
  StableTable<SplitCounters> splits;        // by pair_key(route, upstream)
  StableTable<MirrorCounters> mirrors;      // by pair_key(route, upstream)
  StableTable<LimitCounters> limits;        // by pair_key(limit, route)
  StableTable<RefusalCounters> refusals;    // by route; those that refused
  StableTable<GrpcCounters> grpc_calls;     // by pair_key(route, upstream)

 private:
  /// Calls `part` with the number of each table, a table and its fellow of `other`.
  template <class Self, class Other, class Part>
  static void each_table(Self& self, Other& other, Part part);
  void add_plain(const WorkerMetrics& other);
  std::uint64_t& add_series(RequestKey key);
};

}  // namespace weir::observe
