// The validated configuration as plain values: every default applied, every name resolved to an index, every
// file that is needed read. Built by config::load (load.hpp) and never changed afterwards; safe to share
// between threads. No YAML, no sockets, no OpenSSL here. `config/README.md` documents each key.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "core/ip.hpp"

namespace weir::config {

/// Whether names of endpoints are asked for IPv6 addresses; automatic: where this machine has one itself.
enum class ResolveIpv6 : std::uint8_t { automatic, on, off };

/// How names of endpoints are resolved.
struct Resolver {
  std::vector<SocketAddress> servers;  // empty: those of /etc/resolv.conf
  Milliseconds min_ttl{1'000}, max_ttl{300'000};
  Milliseconds timeout{2'000};  // of one question to one server ...
  std::uint32_t tries = 2;      // ... which is asked so often, each time with more patience
  ResolveIpv6 ipv6 = ResolveIpv6::automatic;
  bool operator==(const Resolver&) const = default;
};

/// When Weir gives up what idles, and refuses new connections, so that what runs can end well.
struct Overload {
  unsigned start_percent = 90;              // of a bound
  std::optional<std::uint64_t> max_memory;  // resident bytes; 0: no bound; absent: by the cgroup's limit
  Milliseconds retry_after{1'000};          // of the 503
  bool operator==(const Overload&) const = default;
};

inline constexpr Milliseconds reload_guard_min{1'000}, reload_guard_max{600'000};

struct Server {
  unsigned workers = 0;            // 0: auto, one per usable CPU
  Milliseconds shutdown_delay{0};  // not ready, and accepting, before the drain
  Milliseconds shutdown_timeout{30'000};
  Milliseconds reload_guard{0};  // how long a reload is watched, and may be taken back; 0: not at all
  std::uint32_t max_connections = 20'000;
  std::string state_dir;  // a folder for weights set at run time and their audit; empty: memory only
  Resolver resolver;
  Overload overload;
  std::string zone;  // where this Weir runs; endpoints of the same zone come first; empty: zones do not count
  bool operator==(const Server&) const = default;
};

struct Admin {
  SocketAddress address;           // default 127.0.0.1:9900
  std::string token;               // empty: none; required when the address is not loopback
  std::string read_token;          // empty: reads need none
  std::vector<std::string> hosts;  // names under which it is asked, lower case, without port
  bool operator==(const Admin&) const = default;
};

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class LogFormat : std::uint8_t { json, text };

struct AccessLog {
  bool enabled = true;
  std::string output = "stdout";  // stdout | stderr | file path
  bool operator==(const AccessLog&) const = default;
};

struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  std::string output = "stderr";  // stdout | stderr | file path
  AccessLog access;
  bool operator==(const Log&) const = default;
};

struct CertificatePair {
  std::string cert;  // path of a PEM chain, leaf first
  std::string key;   // path of a PEM private key
  bool operator==(const CertificatePair&) const = default;
};

enum class TlsVersion : std::uint8_t { v1_2, v1_3 };
enum class UnknownSni : std::uint8_t { use_default, reject };
enum class ClientAuth : std::uint8_t { none, optional, required };

struct ListenerTls {
  std::vector<CertificatePair> certificates;  // at least one
  TlsVersion min_version = TlsVersion::v1_2;
  std::vector<std::string> groups;  // of the key exchange, preferred first; empty: tls/groups.hpp chooses
  std::vector<std::string> alpn{"h2", "http/1.1"};  // preferred first; http/1.1 stands for http/1.0, too
  UnknownSni unknown_sni = UnknownSni::use_default;
  ClientAuth client_auth = ClientAuth::none;
  std::string client_auth_ca;            // path of a PEM bundle
  std::vector<std::string> ticket_keys;  // paths of 80-byte files, newest first; empty: made in memory
  bool operator==(const ListenerTls&) const = default;
};

struct ListenerLimits {
  std::uint32_t header_bytes = 32 * 1024;
  std::uint32_t header_count = 100;
  std::uint32_t uri_bytes = 8 * 1024;
  std::uint64_t body_bytes = 0;  // 0: no limit
  Milliseconds header_timeout{10'000};
  Milliseconds body_idle_timeout{60'000};
  std::uint64_t body_min_rate = 0;         // bytes per second over 10 s of waiting for the client; 0: off
  Milliseconds send_timeout{20'000};       // towards the client, without any progress
  std::uint64_t response_min_rate = 1024;  // bytes per second over 20 s of waiting for the client; 0: off
  // Of a request body that is refused: read and dropped, so that the client gets to read the answer.
  std::uint64_t discard_bytes = 256ULL * 1024 * 1024;
  std::uint64_t discard_min_rate = 1024;  // bytes per second over 5 s of waiting for the client; 0: off
  Milliseconds discard_timeout{60'000};   // for all of it
  Milliseconds idle_timeout{75'000};
  std::uint32_t requests_per_connection = 0;  // 0: no limit
  std::uint32_t connections_per_client = 0;   // open at once, by IPv4 address or IPv6 /64; 0: no limit
  std::uint32_t concurrent_streams = 100;     // requests at once on one connection of HTTP/2
  // Up to a tenth sooner or later; 0: no limit.
  Milliseconds connection_max_age{std::chrono::hours(1)};  // then its last request
  Milliseconds tunnel_max_age{0};                          // then it is ended
  bool operator==(const ListenerLimits&) const = default;
};

struct RedirectToHttps {
  std::uint16_t port = 443;
  int status = 308;
  bool operator==(const RedirectToHttps&) const = default;
};

/// What clients may speak to a listener without TLS, at least one; under TLS that is `alpn`.
struct PlainProtocols {
  bool http1 = true;
  bool h2c = false;  // HTTP/2 whose client begins with its preface (RFC 9113 3.3)
  bool operator==(const PlainProtocols&) const = default;
};

/// What the endpoint gets of a path with dot segments, which rules judge resolved.
enum class PathForm : std::uint8_t {
  normalised,  // resolved, too
  raw,         // as the client sent it
  refuse,      // nothing: 400
};

struct Listener {
  std::string name;
  SocketAddress address;
  bool proxy_protocol = false;  // a PROXY header is required, from trusted_proxies only
  PathForm path = PathForm::normalised;
  std::optional<RedirectToHttps> redirect_to_https;
  std::optional<ListenerTls> tls;
  PlainProtocols protocols;
  ListenerLimits limits;
  bool operator==(const Listener&) const = default;
};

struct Endpoint {
  std::string host;                   // IP text or DNS name
  std::uint16_t port = 0;             // 0: a service name (`_service._proto`), whose SRV records say it
  std::optional<IpAddress> ip;        // set when `host` is a literal address; otherwise the name is resolved
  std::uint32_t weight = 1;           // 1..1000
  std::uint32_t max_connections = 0;  // requests at once over all workers; 0: no limit
  bool backup = false;                // used only when no other one can be
  std::string zone{};
  bool operator==(const Endpoint&) const = default;
};

enum class Balance : std::uint8_t { least_connections, round_robin, random_two, least_latency, hash };

/// What `balance: hash` hashes.
struct HashKey {
  enum class Kind : std::uint8_t { client_ip, header, cookie, path };
  Kind kind = Kind::client_ip;
  std::string name;  // of the header or cookie
  bool operator==(const HashKey&) const = default;
};

struct UpstreamTls {
  bool verify = true;
  std::string ca = "system";  // "system" or a path
  std::string server_name;    // SNI and the name that is verified; empty: the endpoint's host
  std::string cert, key;      // client certificate; both or none
  bool operator==(const UpstreamTls&) const = default;
};

struct Timeouts {
  Milliseconds connect{5'000};
  Milliseconds send{60'000};
  Milliseconds response{60'000};  // from the request sent to the response head
  Milliseconds idle{60'000};      // between two reads of a response body or a tunnel
  Milliseconds total{0};          // whole exchange with the upstream; 0: none
  bool operator==(const Timeouts&) const = default;
};

/// A route's own timeouts, over the upstream's.
struct TimeoutsOverride {
  std::optional<Milliseconds> connect, send, response, idle, total;
  bool operator==(const TimeoutsOverride&) const = default;
};

struct Keepalive {
  std::uint32_t max_idle = 4096;  // per worker and endpoint; 0: no reuse
  Milliseconds idle_timeout{60'000};
  std::uint32_t max_requests = 0;  // of one connection; 0: no limit
  // Of one connection, give or take a tenth, then no more requests on it; 0: no limit.
  Milliseconds max_age{std::chrono::hours(1)};
  bool operator==(const Keepalive&) const = default;
};

/// What is spoken to the endpoints of an upstream.
enum class UpstreamProtocol : std::uint8_t {
  http1,
  h2,         // over TLS; an endpoint that does not choose it in ALPN has failed
  h2c,        // without TLS, begun with the preface (RFC 9113 3.3)
  automatic,  // `auto`: over TLS, and ALPN says for each connection which of the two
};

/// Connections of HTTP/2 to one endpoint.
struct UpstreamHttp2 {
  std::uint32_t connections = 2;    // per worker, over which requests are spread; more when all are full
  std::uint32_t max_streams = 100;  // requests at once on one of them, where the endpoint allows as many
  bool operator==(const UpstreamHttp2&) const = default;
};

/// What can go wrong with an endpoint, as `passive_health.failures` and `retry.on` name it. Bits.
enum Failure : std::uint16_t {
  failure_connect = 1 << 0,
  failure_timeout = 1 << 1,
  failure_reset = 1 << 2,  // retry.on calls it reset_before_response
  failure_invalid_response = 1 << 3,
  failure_502 = 1 << 4,
  failure_503 = 1 << 5,
  failure_504 = 1 << 6,
  failure_500 = 1 << 7,  // an application's own mistake: never counted unless named
  // By grpc-status. passive_health.failures has the first three; retry.on all but grpc_unknown, where they are in the
  // head of a response.
  failure_grpc_unavailable = 1 << 8,
  failure_grpc_internal = 1 << 9,
  failure_grpc_unknown = 1 << 10,
  failure_grpc_cancelled = 1 << 11,
  failure_grpc_deadline = 1 << 12,
  failure_grpc_resource = 1 << 13,
};

struct PassiveHealth {
  std::uint32_t consecutive_failures = 3;  // 0: off
  unsigned failure_rate = 0;               // percent of the requests in `window`; 0: off
  std::uint32_t min_requests = 20;         // in `window`, before failure_rate means anything
  Milliseconds window{10'000};
  std::uint16_t failures = failure_connect | failure_timeout | failure_reset | failure_invalid_response |
                           failure_502 | failure_503 | failure_504 | failure_grpc_unavailable;
  Milliseconds ejection_time{30'000};       // doubles each time in a row ...
  Milliseconds max_ejection_time{300'000};  // ... up to this
  unsigned max_ejection_percent = 50;       // of the endpoints; one always stays
  bool operator==(const PassiveHealth&) const = default;
};

struct StatusRange {
  int first = 200, last = 399;
  bool operator==(const StatusRange&) const = default;
};

using NameValue = std::pair<std::string, std::string>;

/// Active checks of each endpoint.
struct HealthCheck {
  enum class Type : std::uint8_t { http, tcp, grpc };
  Type type = Type::http;
  std::string grpc_service;  // that grpc.health.v1 is asked about; empty: the whole server
  std::string path = "/health";
  std::string host;  // Host field; empty: the endpoint's address as configured
  Milliseconds interval{30'000};
  Milliseconds timeout{5'000};
  std::uint32_t healthy_threshold = 2;
  std::uint32_t unhealthy_threshold = 3;
  std::vector<StatusRange> expect{{}};
  std::vector<NameValue> headers;  // in the request; User-Agent and Accept instead of Weir's own
  bool operator==(const HealthCheck&) const = default;
};

/// Retries that an upstream may have in ten seconds: `percent` of its requests of these, and `min_per_second` times
/// ten.
struct RetryBudget {
  unsigned percent = 20;
  std::uint32_t min_per_second = 10;
  bool operator==(const RetryBudget&) const = default;
};

/// Requests that wait for an endpoint below its max_connections.
struct Queue {
  std::uint32_t max = 0;  // 0: none waits
  Milliseconds timeout{5'000};
  bool operator==(const Queue&) const = default;
};

struct Retry {
  std::uint32_t attempts = 1;  // further tries, each on another endpoint; 0: none
  std::uint16_t on = failure_connect | failure_reset;
  bool non_idempotent = false;
  std::uint64_t buffer_bytes = 64 * 1024;
  RetryBudget budget;
  bool operator==(const Retry&) const = default;
};

struct Upstream {
  std::string name;
  Balance balance = Balance::least_connections;
  HashKey hash_key;
  std::vector<Endpoint> endpoints;  // at least one
  std::optional<UpstreamTls> tls;
  UpstreamProtocol protocol = UpstreamProtocol::http1;
  UpstreamHttp2 h2;
  Timeouts timeouts;
  Keepalive keepalive;
  PassiveHealth passive_health;
  std::optional<HealthCheck> health_check;
  Milliseconds slow_start{0};  // until a returned endpoint has its whole weight
  Retry retry;
  Queue queue;
  std::uint32_t max_requests = 0;  // at once, over all workers; 0: no limit
  bool operator==(const Upstream&) const = default;
};

/// What distinguishes the clients of a rate limit; several together make one key.
struct RateLimitKey {
  enum class Kind : std::uint8_t { client_ip, header, cookie, host, path, route };
  Kind kind = Kind::client_ip;
  std::string name;  // of the header or cookie
  bool operator==(const RateLimitKey&) const = default;
};

struct Rate {
  std::uint64_t count = 1;
  Milliseconds period{1'000};
  bool operator==(const Rate&) const = default;
};

/// When the header or cookie of a key is not there: use the client's address, do not limit, or refuse.
enum class OnMissingKey : std::uint8_t { client_ip, pass, refuse };

struct RateLimit {
  std::string name;
  std::vector<RateLimitKey> key{{}};  // at least one
  Rate rate;
  std::uint64_t burst = 20;
  unsigned ipv6_prefix = 64;  // bits of an IPv6 client_ip that count
  std::size_t max_keys = 1'000'000;
  bool shadow = false;
  OnMissingKey on_missing_key = OnMissingKey::client_ip;
  int status = 429;
  bool headers = true;
  bool operator==(const RateLimit&) const = default;
};

struct HeaderPolicy {
  std::string name;
  struct Response {
    std::vector<NameValue> set, set_on_tls, set_if_absent, set_if_absent_on_tls;
    std::vector<std::string> remove;
    bool operator==(const Response&) const = default;
  } response;
  struct Request {
    std::vector<NameValue> set;
    std::vector<std::string> remove;
    bool operator==(const Request&) const = default;
  } request;
  bool operator==(const HeaderPolicy&) const = default;
};

/// Who may come in: of all blocks that hold a client the longest decides, and deny wins a tie. A client that none
/// holds is refused when the list allows any block, and admitted otherwise.
struct AccessList {
  std::string name;
  std::vector<Cidr> allow, deny;
  bool operator==(const AccessList&) const = default;
};

struct HeaderMatch {
  enum class Kind : std::uint8_t { exact, regex, present };
  std::string name;
  Kind kind = Kind::present;
  std::string value;  // exact text, or the expression without its `~`
  bool operator==(const HeaderMatch&) const = default;
};

struct PathMatch {
  enum class Kind : std::uint8_t { prefix, exact, regex };
  Kind kind = Kind::prefix;
  std::string text = "/";  // prefix and exact: in normalised form (http/uri.hpp)
  bool operator==(const PathMatch&) const = default;
};

/// How the client reached the outermost proxy that is trusted.
enum class Scheme : std::uint8_t { any, http, https };

struct RouteMatch {
  std::vector<std::string> hosts;  // lower case, no port; "*.example.com" for wildcards; empty: any
  PathMatch path;
  std::vector<std::string> methods;  // upper case; empty: any
  std::vector<HeaderMatch> headers;
  std::vector<std::size_t> listeners;  // indices; empty: any
  Scheme scheme = Scheme::any;
  bool operator==(const RouteMatch&) const = default;
};

inline constexpr std::size_t split_targets_max = 16;
inline constexpr std::uint32_t split_weight_max = 1'000'000;
inline constexpr std::size_t split_overrides_max = 32;

struct SplitTarget {
  std::size_t upstream = 0;  // index into Config::upstreams
  std::uint32_t weight = 0;  // 0: only overrides and clients that are already there
  bool operator==(const SplitTarget&) const = default;
};

enum class AffinityBy : std::uint8_t { none, client_ip, header, cookie };

struct SplitAffinity {
  AffinityBy by = AffinityBy::none;
  std::string header;            // where by is header
  Milliseconds ttl{86'400'000};  // Max-Age of Weir's own cookie
  bool operator==(const SplitAffinity&) const = default;
};

/// What becomes of clients whose side has weight 0.
enum class DrainAffinity : std::uint8_t { move, keep };

/// A request that says so itself goes to `target`.
struct SplitOverride {
  bool cookie = false;  // or a header
  std::string name, value;
  std::size_t target = 0;  // index into Split::targets
  bool operator==(const SplitOverride&) const = default;
};

struct Split {
  std::vector<SplitTarget> targets;  // 1..split_targets_max, different upstreams, not all weights 0
  SplitAffinity affinity;
  DrainAffinity drain_affinity = DrainAffinity::move;
  std::vector<SplitOverride> overrides;  // headers first, otherwise as written
  bool operator==(const Split&) const = default;
};

// Shares of a rollout are basis points: 10,000 are the whole.
inline constexpr std::uint32_t rollout_whole = 10'000;
inline constexpr std::size_t rollout_steps_max = 20;
inline constexpr Milliseconds rollout_hold_min{1'000}, rollout_hold_max{24 * 3'600'000};
inline constexpr Milliseconds rollout_max_hold_max{7 * 24 * 3'600'000}, rollout_warmup_max{3'600'000};
inline constexpr std::uint32_t rollout_min_units_max = 1'000'000;
inline constexpr std::uint32_t false_rollback_min = 10, false_rollback_max = 500;
inline constexpr std::uint32_t tolerate_failures_max = 5'000;
inline constexpr std::uint32_t tolerate_latency_max = 1'000;
inline constexpr std::uint32_t rollout_replicas_max = 100;

enum class OnLowTraffic : std::uint8_t { hold, promote, rollback };
enum class OnSharedCause : std::uint8_t { hold, step_back };

/// What of a request is a failure of the side that it went to.
struct RolloutFailures {
  std::uint16_t kinds = failure_connect | failure_timeout | failure_reset | failure_invalid_response |
                        failure_grpc_unavailable | failure_grpc_internal | failure_grpc_unknown;
  std::vector<StatusRange> statuses{{500, 599}};
  bool operator==(const RolloutFailures&) const = default;
};

/// How a split's weights go from one target to another by themselves.
struct Rollout {
  std::size_t canary = 0;               // index into Split::targets
  std::size_t stable = 0;               // the same: the one that is neither canary nor baseline
  std::optional<std::size_t> baseline;  // the same
  std::vector<std::uint32_t> steps{500, 2'500, 5'000, rollout_whole};  // rising; the first is below the whole
  Milliseconds hold{600'000};                                          // of each step
  Milliseconds max_hold{6 * 3'600'000};  // how long a step waits for traffic, its hold included
  std::uint32_t min_requests = 200;      // of the canary, in a step
  std::uint32_t min_clients = 20;        // the same, where the split has affinity
  Milliseconds warmup{30'000};
  std::uint32_t false_rollback = 100;  // of rollouts
  RolloutFailures failures;
  bool client_errors = false;
  bool latency = true;
  std::uint32_t tolerate_failures = 50;  // points
  std::uint32_t tolerate_latency = 10;   // percent
  OnLowTraffic on_low_traffic = OnLowTraffic::hold;
  OnSharedCause on_shared_cause = OnSharedCause::hold;
  std::uint32_t replicas = 1;
  std::string salt;  // keys the sides of clients, and is a secret; empty: the route's name does
  bool operator==(const Rollout&) const = default;
};

inline constexpr std::size_t no_upstream = static_cast<std::size_t>(-1);

enum class MirrorCredentials : std::uint8_t { strip, keep };

inline constexpr std::uint32_t mirror_share_whole = 1'000'000;

/// A share of the requests is copied to another upstream; no client waits for its answers.
struct Mirror {
  std::size_t upstream = 0;  // index into Config::upstreams
  std::uint32_t share = 0;   // of mirror_share_whole; 0: off
  MirrorCredentials credentials = MirrorCredentials::strip;
  std::uint64_t body_bytes = 64 * 1024;  // a request with more is not copied
  std::uint32_t max_in_flight = 64;      // copies at once over all workers
  bool operator==(const Mirror&) const = default;
};

struct ProxyAction {
  std::size_t upstream = 0;  // index into Config::upstreams; no_upstream: `split` says where
  std::optional<Split> split;
  std::optional<Rollout> rollout;  // only with a split
  std::optional<Mirror> mirror;
  std::optional<std::string> rewrite_path;  // replaces the matched path or prefix
  TimeoutsOverride timeouts;
  bool websocket = true;
  bool operator==(const ProxyAction&) const = default;
};

struct RedirectAction {
  std::string to;  // absolute URL or absolute path
  int status = 302;
  bool operator==(const RedirectAction&) const = default;
};

struct RespondAction {
  int status = 200;
  std::string body;          // read from body_file, or given as `body`
  std::string content_type;  // from body_file's ending; text/plain otherwise
  std::vector<NameValue> headers;
  bool operator==(const RespondAction&) const = default;
};

using Action = std::variant<ProxyAction, RedirectAction, RespondAction>;

inline constexpr std::size_t rate_limits_per_route_max = 8;

struct Route {
  std::string name;
  RouteMatch match;
  std::vector<std::size_t> rate_limits;  // indices into Config::rate_limits; each once
  std::vector<std::size_t> headers;      // indices into Config::header_policies, applied in order
  std::vector<std::size_t> access;       // indices into Config::access_lists; each of them must admit
  std::uint32_t max_in_flight = 0;       // requests at once over all workers; 0: no limit
  bool access_log = true;
  bool grpc_web = false;  // calls of gRPC-Web become gRPC; only where the action proxies
  Action action;
  bool operator==(const Route&) const = default;
};

struct Config {
  Server server;
  Admin admin;
  Log log;
  std::vector<Cidr> trusted_proxies;
  std::vector<Listener> listeners;
  std::vector<Upstream> upstreams;
  std::vector<RateLimit> rate_limits;
  std::vector<HeaderPolicy> header_policies;  // always holds `security`
  std::vector<AccessList> access_lists;
  std::vector<Route> routes;
  std::string hash;  // hex of a digest over the merged, substituted document
};

}  // namespace weir::config
