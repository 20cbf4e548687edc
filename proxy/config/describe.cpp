#include "config/describe.hpp"

namespace weir::config {
namespace {

constexpr KeyInfo keys[] = {
    {"server", "map", "", "{}", "The process: workers, shutdown, connections."},
    {"admin", "map", "", "{}", "Where health, metrics and the API are served."},
    {"log", "map", "", "{}", "The error log and the access log."},
    {"trusted_proxies", "list of address blocks", "", "[]",
     "Whose PROXY header is trusted, and whose X-Forwarded-For, -Proto, -Host, -Port, X-Request-Id and "
     "traceparent; Forwarded in requests without X-Forwarded-For, as a proxy that writes the one may pass "
     "the other on as the client sent it. See Header policies below."},
    {"listeners", "map by name", "", "required",
     "The addresses that Weir accepts connections on; at least one."},
    {"upstreams", "map by name", "", "required",
     "Groups of endpoints that serve the same thing; at least one."},
    {"rate_limits", "map by name", "", "{}", "Token buckets that routes name."},
    {"headers", "map by name", "", "{}",
     "Header policies. `security` is built in, and every route has it unless it names its own."},
    {"access", "map by name", "", "{}", "Access lists: which clients a route admits."},
    {"routes", "list of maps", "", "required",
     "What to do with which request; the first match wins; at least one."},
    {"server.workers", "auto, number 1..1024", "threads", "auto",
     "Event loops. `auto`: one per usable CPU (cpuset and cgroup quota respected)."},
    {"server.shutdown_delay", "duration", "", "0s",
     "On SIGTERM: how long `/health/ready` is 503 while everything is served as before, so that a balancer "
     "in "
     "front stops sending first. Then the drain begins; a second SIGTERM begins it at once."},
    {"server.shutdown_timeout", "duration", "", "30s",
     "On SIGTERM: time to finish what runs before it is closed."},
    {"server.max_connections", "number 1..10000000", "connections", "20000",
     "Over all workers. Past it the oldest idle connection makes room; where none idles the new one gets "
     "503."},
    {"server.state_dir", "path", "", "\"\"",
     "A folder for the weights that were set at run time and for the audit, so that they outlive a "
     "restart; one process at a time. Empty: kept in memory."},
    {"server.resolver", "map", "", "{}", "How endpoints that have names are found."},
    {"server.overload", "map", "", "{}", "What happens when the process comes near its bounds."},
    {"server.zone", "text", "", "\"\"",
     "Where this Weir runs. Endpoints of the same `zone` come first. Empty: zones do not count."},
    {"server.resolver.servers", "list of IP or IP:PORT", "", "[]",
     "DNS servers, up to 8. Names are then asked as they are written. Empty: the servers and search domains "
     "of /etc/resolv.conf, read again when it changes."},
    {"server.resolver.min_ttl", "duration 100ms..1d", "", "1s",
     "An answer is used at least so long, whatever its time to live."},
    {"server.resolver.max_ttl", "duration 100ms..1d", "", "5m",
     "A name is looked up again after this at the latest."},
    {"server.resolver.timeout", "duration 10ms..1m", "", "2s",
     "For one answer of one server; doubles with each try."},
    {"server.resolver.tries", "number 1..10", "tries", "2", "How often each server is asked."},
    {"server.resolver.ipv6", "auto, on, off", "", "auto",
     "Whether IPv6 addresses are used. `auto`: AAAA records where this machine has an IPv6 address of more "
     "than its own "
     "link, and what /etc/hosts says where it has any, ::1 included."},
    {"server.overload.start_percent", "number 50..95", "percent", "90",
     "Of a bound (connections, descriptors, memory): from there on answers end keep-alive and idle "
     "connections "
     "close, until it is ten below. Of each `queue.max`: from there on new requests get 503."},
    {"server.overload.max_memory", "auto, 0, size 1MiB..", "", "auto",
     "Resident memory past which new connections get 503. `auto`: nine tenths of the cgroup's limit, where "
     "there "
     "is one. 0: no bound."},
    {"server.overload.retry_after", "duration", "", "1s",
     "Retry-After of that 503, in whole seconds, rounded up."},
    {"admin.address", "IP:PORT", "", "127.0.0.1:9900",
     "Port 0 lets the kernel choose. It may not be the address of a listener."},
    {"admin.token", "text", "", "\"\"",
     "Bearer token of what changes something. Required when the address is not loopback."},
    {"admin.read_token", "text", "", "\"\"",
     "Bearer token of what only reads, but for `/health/live`, `/health/ready` and the page itself; `token` "
     "opens them too. Needs `token`. Empty: reads need none."},
    {"admin.hosts", "list of names", "", "[]",
     "Names that the admin address may be asked under, each in full and without port, such as `weir` in a "
     "compose file. IP addresses, `localhost` and names below it always may; every other name gets 421, "
     "against DNS rebinding."},
    {"log.level", "trace, debug, info, warn, error", "", "info",
     "Lines of the error log below this level are left out."},
    {"log.format", "json, text", "", "json", "Of the error log."},
    {"log.output", "stderr, stdout, path", "", "stderr", "Of the error log. A file is reopened on SIGUSR1."},
    {"log.access", "map", "", "{}", "One line a request."},
    {"log.access.output", "stderr, stdout, path", "", "stdout", "A file is reopened on SIGUSR1."},
    {"log.access.format", "json", "", "json", "One JSON object a line."},
    {"log.access.enabled", "true, false", "", "true",
     "Off: no access log at all. Routes can leave themselves out with `access_log: false`."},
    {"listeners.NAME.address", "IP:PORT", "", "required",
     "Such as 0.0.0.0:8080 or [::]:8080. Port 0 lets the kernel choose."},
    {"listeners.NAME.path", "normalised, raw, refuse", "", "normalised",
     "What the endpoint gets of a path with dot segments (`/a/../b`, encoded or not), which rules judge "
     "resolved: `normalised`: resolved, too. `raw`: as it was sent, but 400 where it has an encoded slash as "
     "well. `refuse`: 400. Encoded slashes: see Routes below."},
    {"listeners.NAME.proxy_protocol", "off, required", "", "off",
     "`required`: each connection starts with a PROXY header (v1 or v2), from `trusted_proxies` only. v2 "
     "with command PROXY and a wrong CRC32C: the connection is closed. With command LOCAL the addresses and "
     "all that follows them are ignored."},
    {"listeners.NAME.redirect_to_https", "map", "", "absent",
     "Answers everything with a redirect to HTTPS, but for /.well-known/acme-challenge/ and for what one of "
     "`trusted_proxies` received by HTTPS: `X-Forwarded-Proto: https` says so, and so does `Forwarded: "
     "proto=https` in a request without X-Forwarded-For and X-Forwarded-Proto. Not together with `tls`."},
    {"listeners.NAME.tls", "map", "", "absent", "Absent: plain HTTP."},
    {"listeners.NAME.protocols", "list of http/1.1, h2c", "", "[http/1.1]",
     "What clients may speak where there is no `tls`; with it `tls.alpn` says so. `h2c`: HTTP/2 without TLS, "
     "of clients that know it beforehand; beside http/1.1 the first bytes tell. See HTTP/2 below."},
    {"listeners.NAME.limits", "map", "", "{}", "What a client may send, and how slowly."},
    {"listeners.NAME.redirect_to_https.port", "number 1..65535", "port", "443",
     "The port to redirect to; left out of the URL when it is 443."},
    {"listeners.NAME.redirect_to_https.status", "301, 302, 303, 307, 308", "", "308",
     "Status of the redirect."},
    {"listeners.NAME.tls.certificates", "list of maps", "", "required",
     "Picked by the name that the client asks for: exact, then wildcard, then the first; at least one."},
    {"listeners.NAME.tls.min_version", "1.2, 1.3", "", "\"1.2\"", "The oldest TLS version that is accepted."},
    {"listeners.NAME.tls.groups", "list of names", "", "[]",
     "Groups of the key exchange, preferred first, by the library's names, such as X25519 or P-256. Empty: "
     "X25519MLKEM768 where the library has it, then X25519, P-256 and P-384."},
    {"listeners.NAME.tls.alpn", "list of h2, http/1.1, http/1.0", "", "[h2, http/1.1]",
     "Protocols that clients may name by ALPN, preferred first: the first one that the client names, too, is "
     "spoken. `http/1.1` takes clients that name only `http/1.0` besides. A client that names only others is "
     "refused, one that names none gets HTTP/1.1. See HTTP/2 below."},
    {"listeners.NAME.tls.unknown_sni", "default, reject", "", "default",
     "A name that no certificate has: use the first certificate, or refuse the handshake."},
    {"listeners.NAME.tls.client_auth", "map", "", "{}", "Certificates of clients."},
    {"listeners.NAME.tls.ticket_keys", "list of paths", "", "[]",
     "Up to 3 files of 80 random bytes, newest first, shared by replicas so that sessions resume on each. "
     "Empty: made and rotated in memory."},
    {"listeners.NAME.tls.certificates[].cert", "path", "", "required",
     "PEM file of the certificate chain, leaf first."},
    {"listeners.NAME.tls.certificates[].key", "path", "", "required",
     "PEM file of the private key that belongs to it."},
    {"listeners.NAME.tls.client_auth.mode", "none, optional, required", "", "none",
     "`optional`: asked for, and checked where one is sent."},
    {"listeners.NAME.tls.client_auth.ca", "path", "", "\"\"",
     "PEM file of the CAs that clients are checked against. Needed unless the mode is `none`."},
    {"listeners.NAME.limits.header_bytes", "size 1KiB..1MiB", "", "32KiB",
     "Request line and header fields together; past it 431."},
    {"listeners.NAME.limits.header_count", "number 1..10000", "fields", "100",
     "Header fields of a request; past it 431."},
    {"listeners.NAME.limits.uri_bytes", "size 64..1MiB", "", "8KiB",
     "The request target; past it 414. Never more than `header_bytes`."},
    {"listeners.NAME.limits.body_bytes", "size", "", "0", "The request body; past it 413. 0: no limit."},
    {"listeners.NAME.limits.header_timeout", "duration", "", "10s",
     "The whole head, from its first byte; then 408. With `proxy_protocol` also the PROXY header, and the "
     "silence between it and the first request; then the connection is closed."},
    {"listeners.NAME.limits.body_idle_timeout", "duration", "", "60s",
     "Between two reads of a request body; then 408."},
    {"listeners.NAME.limits.body_min_rate", "size", "per second", "0",
     "Averaged over 10 s in which the client is waited for; a slower body is a 408. Of a gRPC call only the "
     "time in "
     "the middle of a message counts. 0: off."},
    {"listeners.NAME.limits.send_timeout", "duration", "", "20s",
     "Towards the client: a response of which it takes nothing for so long (up to an eighth more) is cut. "
     "What its kernel confirmed counts as taken. Longer for clients that may pause, such as players. Not in "
     "a tunnel: `timeouts.idle` bounds its writes."},
    {"listeners.NAME.limits.response_min_rate", "size", "per second", "1KiB",
     "Averaged over 20 s in which the client is waited for, all responses of its connection together; a "
     "client that takes less is cut with the next byte that it takes. A silence of 20 s or more does not "
     "count: that is `send_timeout`. Not in a tunnel. 0: off."},
    {"listeners.NAME.limits.discard_bytes", "size", "", "256MiB",
     "Of a request body that is refused: so much is read and dropped, so that the client reads the answer; "
     "then the connection is closed."},
    {"listeners.NAME.limits.discard_min_rate", "size", "per second", "1KiB",
     "The same, averaged over 5 s in which the client is waited for. 0: off."},
    {"listeners.NAME.limits.discard_timeout", "duration", "", "60s", "The same, from the answer on."},
    {"listeners.NAME.limits.idle_timeout", "duration", "", "75s",
     "A kept-alive connection that is silent is closed after this."},
    {"listeners.NAME.limits.requests_per_connection", "number", "requests", "0",
     "The connection is closed after so many. 0: no limit."},
    {"listeners.NAME.limits.connections_per_client", "number", "connections", "0",
     "Open at once from one IPv4 address or IPv6 /64, over all workers. Past it a connection gets 503 "
     "(under TLS it is closed before the handshake), and is counted. 0: no limit."},
    {"listeners.NAME.limits.concurrent_streams", "number 1..128", "requests", "100",
     "At once on one connection of HTTP/2, as SETTINGS announce; a stream past it is refused. A request "
     "counts until Weir is done with it, also where its client gave it up."},
    {"listeners.NAME.limits.connection_max_age", "duration", "", "1h",
     "A connection that is older, up to a tenth sooner or later, takes its last request: `Connection: "
     "close`, GOAWAY over HTTP/2. Without a request it is closed. What runs is not ended. 0: no limit. See "
     "Ages of connections below."},
    {"listeners.NAME.limits.tunnel_max_age", "duration", "", "0",
     "A tunnel (WebSocket) that is open for so long, up to a tenth more or less, is ended on both sides. 0: "
     "no limit."},
    {"upstreams.NAME.balance", "least_connections, round_robin, random_two, least_latency, hash", "",
     "least_connections",
     "`least_connections`: fewest requests in flight over all workers, by weight; ties take turns. The "
     "others: see "
     "Balancing below."},
    {"upstreams.NAME.hash_key", "client_ip, header:NAME, cookie:NAME, path", "", "client_ip",
     "What `balance: hash` hashes. A request without the header or cookie: its address."},
    {"upstreams.NAME.endpoints", "list of HOST:PORT, service names or maps", "", "required",
     "Addresses, [v6] addresses or names; at least one. A name stands for every address that it resolves "
     "to, a service name such as _http._tcp.app.internal for what its SRV records say."},
    {"upstreams.NAME.tls", "map", "", "absent", "Absent: the endpoints are spoken to without TLS."},
    {"upstreams.NAME.protocol", "http1, h2, h2c, auto", "", "http1",
     "What is spoken to the endpoints. `h2`: HTTP/2 over TLS, and an endpoint that does not choose it by "
     "ALPN has failed. `h2c`: HTTP/2 without TLS. `auto`: over TLS, and each endpoint chooses. See HTTP/2 "
     "to endpoints below."},
    {"upstreams.NAME.h2", "map", "", "{}",
     "Connections of HTTP/2 to an endpoint. Not with `protocol: http1`."},
    {"upstreams.NAME.timeouts", "map", "", "{}", "How long an endpoint may take."},
    {"upstreams.NAME.keepalive", "map", "", "{}", "Connections kept open for the next request."},
    {"upstreams.NAME.passive_health", "map", "", "{}", "Takes an endpoint that fails out for a while."},
    {"upstreams.NAME.health_check", "map", "", "absent",
     "Checks each endpoint from time to time. Absent: only passive health."},
    {"upstreams.NAME.retry", "map", "", "{}", "Trying another endpoint."},
    {"upstreams.NAME.slow_start", "duration", "", "0",
     "How long an endpoint that returned, or was added, takes from a tenth of its weight to all of it. 0: at "
     "once."},
    {"upstreams.NAME.queue", "map", "", "{}", "Waiting for an endpoint below its `max_connections`."},
    {"upstreams.NAME.max_requests", "number 0..1000000000", "requests", "0",
     "At once in this upstream, over all workers, open tunnels included, copies of a mirror not; past it "
     "503. 0: no limit."},
    {"upstreams.NAME.endpoints[].address", "HOST:PORT, service name", "", "required",
     "Such as 127.0.0.1:9001, [::1]:9001, app.internal:3000 or _http._tcp.app.internal."},
    {"upstreams.NAME.endpoints[].weight", "number 1..1000", "", "1", "Its share next to the others."},
    {"upstreams.NAME.endpoints[].max_connections", "number 0..1000000000", "requests", "0",
     "At once, over all workers; see `queue` for what happens past it. 0: no limit."},
    {"upstreams.NAME.endpoints[].backup", "true, false", "", "false",
     "Gets requests only while no other endpoint is usable."},
    {"upstreams.NAME.endpoints[].zone", "text", "", "\"\"", "Where it runs; see `server.zone`."},
    {"upstreams.NAME.tls.verify", "true, false", "", "true", "Check the endpoint's certificate and name."},
    {"upstreams.NAME.tls.ca", "system, path", "", "system",
     "PEM file of the CAs to trust instead of the system's."},
    {"upstreams.NAME.tls.server_name", "host", "", "\"\"",
     "Name to ask for (SNI) and to check. Empty: the endpoint's host."},
    {"upstreams.NAME.tls.cert", "path", "", "\"\"",
     "PEM file of a certificate to show to the endpoint; together with `key`."},
    {"upstreams.NAME.tls.key", "path", "", "\"\"", "PEM file of its private key."},
    {"upstreams.NAME.h2.connections", "number 1..64", "connections", "2",
     "Per worker and endpoint: requests are spread over so many once each has more than 8. More are opened "
     "only while all are full."},
    {"upstreams.NAME.h2.max_streams", "number 1..1000", "requests", "100",
     "At once on one connection. Fewer where the endpoint allows fewer, as its SETTINGS say."},
    {"upstreams.NAME.timeouts.connect", "duration", "", "5s", "To connect, TLS handshake included."},
    {"upstreams.NAME.timeouts.send", "duration", "", "60s", "Between two writes of the request."},
    {"upstreams.NAME.timeouts.response", "duration", "", "60s",
     "From the request sent to the head of the response."},
    {"upstreams.NAME.timeouts.idle", "duration", "", "60s",
     "Between two reads of a response body. A tunnel (WebSocket) ends when nothing passes in either "
     "direction for so long, and when a write in it makes no progress for so long."},
    {"upstreams.NAME.timeouts.total", "duration", "", "0",
     "The whole exchange with the upstream. It does not end an open tunnel (WebSocket): `idle` does. 0: no "
     "limit."},
    {"upstreams.NAME.keepalive.max_idle", "number 0..100000", "connections", "256",
     "Idle connections of HTTP/1 per worker and endpoint. 0: none is used twice, and one of HTTP/2 ends with "
     "its last request."},
    {"upstreams.NAME.keepalive.idle_timeout", "duration", "", "60s",
     "An idle connection is closed after this, or earlier where the endpoint says so (`Keep-Alive: "
     "timeout=N`)."},
    {"upstreams.NAME.keepalive.max_requests", "number", "requests", "0",
     "A connection is closed after so many. 0: no limit."},
    {"upstreams.NAME.keepalive.max_age", "duration", "", "1h",
     "A connection that is older, up to a tenth sooner or later, takes no further requests and is closed "
     "when its last one ends: endpoints that were added behind a balancer get their share. 0: no limit."},
    {"upstreams.NAME.passive_health.consecutive_failures", "number", "failures", "3",
     "So many in a row take the endpoint out. 0: off."},
    {"upstreams.NAME.passive_health.failure_rate", "percentage 1%..100%, 0", "of requests", "0",
     "So large a part of the requests in `window` takes it out, looked at when one fails. 0: off."},
    {"upstreams.NAME.passive_health.min_requests", "number 1..30000", "requests", "20",
     "In `window`, before `failure_rate` means anything."},
    {"upstreams.NAME.passive_health.window", "duration 1s..1h", "", "10s",
     "What `failure_rate` looks back on, with an error of an eighth. Also how long a shared cause "
     "holds."},
    {"upstreams.NAME.passive_health.failures",
     "list of connect, timeout, reset, invalid_response, 500, 502, 503, 504, grpc_unavailable, "
     "grpc_internal, grpc_unknown",
     "", "[connect, timeout, reset, invalid_response, 502, 503, 504, grpc_unavailable]",
     "What counts as a failure. `grpc_*`: the grpc-status of a gRPC call."},
    {"upstreams.NAME.passive_health.ejection_time", "duration", "", "30s",
     "How long it stays out before one request may try it again. Twice as long each time in a row; for each "
     "such time in service one step back."},
    {"upstreams.NAME.passive_health.max_ejection_time", "duration", "", "300s",
     "It stays out no longer than this. Never less than `ejection_time`."},
    {"upstreams.NAME.passive_health.max_ejection_percent", "number 1..100", "percent", "50",
     "Of the endpoints, rounded down, may be out at once, for whatever reason; one in any case, and never "
     "the last one in use."},
    {"upstreams.NAME.health_check.type", "http, tcp, grpc", "", "http",
     "`http`: a GET and its status. `tcp`: a connection, with the TLS handshake where the upstream has "
     "`tls`. `grpc`: a call of grpc.health.v1.Health/Check; needs `protocol` h2, h2c or auto."},
    {"upstreams.NAME.health_check.grpc", "map", "", "absent", "Says `type: grpc`, too."},
    {"upstreams.NAME.health_check.path", "path", "", "/health", "What is asked for, with an optional query."},
    {"upstreams.NAME.health_check.host", "host", "", "\"\"",
     "The Host field, or `:authority`. Empty: the endpoint's address as configured."},
    {"upstreams.NAME.health_check.interval", "duration", "", "30s",
     "Between the starts of two checks of an endpoint, up to a tenth shorter or longer; at least 100ms."},
    {"upstreams.NAME.health_check.timeout", "duration", "", "5s",
     "From the start of a check to the head of the response, of gRPC to its status. Never more than "
     "`interval`."},
    {"upstreams.NAME.health_check.healthy_threshold", "number 1..100", "checks", "2",
     "So many passed in a row bring an endpoint back. The first one ever counts alone."},
    {"upstreams.NAME.health_check.unhealthy_threshold", "number 1..100", "checks", "3",
     "So many failed in a row take it out."},
    {"upstreams.NAME.health_check.expect", "statuses, or a list of these", "", "200-399",
     "The statuses that pass: 200, 200-399, or 200-299,401."},
    {"upstreams.NAME.health_check.headers", "map of header: value", "", "{}",
     "Sent with each check, such as `X-Forwarded-Proto: https` for an app that redirects everything else. Of "
     "`User-Agent` and `Accept` Weir sends its own otherwise."},
    {"upstreams.NAME.health_check.grpc.service", "text", "", "\"\"",
     "The service that is asked about, such as `shop.v1.Orders`. Empty: the server as a whole."},
    {"upstreams.NAME.retry.attempts", "number 0..5", "tries", "1",
     "Further tries, each on another endpoint."},
    {"upstreams.NAME.retry.on",
     "list of connect, reset_before_response, timeout, invalid_response, 500, 502, 503, 504, grpc_cancelled, "
     "grpc_deadline_exceeded, grpc_internal, grpc_resource_exhausted, grpc_unavailable",
     "", "[connect, reset_before_response]",
     "What is tried again. `grpc_*`: the grpc-status of a gRPC call; not with `protocol: http1`."},
    {"upstreams.NAME.retry.non_idempotent", "true, false", "", "false",
     "POST, PATCH and the like too. Off: only when nothing of them was sent."},
    {"upstreams.NAME.retry.buffer_bytes", "size 0..64MiB", "", "64KiB",
     "Of a request body, kept for a retry; a longer one is sent once."},
    {"upstreams.NAME.retry.budget", "map", "", "{}",
     "How many retries there may be in ten seconds, over all workers."},
    {"upstreams.NAME.retry.budget.percent", "number 0..100", "%", "20",
     "Of the upstream's requests of the last ten seconds; a request counts once, however often it is tried."},
    {"upstreams.NAME.retry.budget.min_per_second", "number 0..1000000", "retries", "10",
     "Ten times so many are added to that, so that a quiet upstream can retry, too."},
    {"upstreams.NAME.queue.max", "number 0..1000000", "requests", "0",
     "So many may wait, over all workers; further ones get 503. The last places, from "
     "`server.overload.start_percent` on, are for retries. 0: none waits."},
    {"upstreams.NAME.queue.timeout", "duration", "", "5s", "How long one waits; then 503."},
    {"rate_limits.NAME.key", "client_ip, header:NAME, cookie:NAME, host, path, route, or a list of these", "",
     "client_ip", "What has a bucket of its own. Of a list all parts together."},
    {"rate_limits.NAME.rate", "number/s, number/m, number/h, number/d", "", "required",
     "Tokens that come back: 10/s, 600/m."},
    {"rate_limits.NAME.burst", "number 1..1000000000", "tokens", "20",
     "Tokens that a bucket holds: a new key may send so many requests at once."},
    {"rate_limits.NAME.ipv6_prefix", "number 1..128", "bits", "64",
     "IPv6 clients that share so many leading bits share a bucket."},
    {"rate_limits.NAME.max_keys", "number 1000..100000000", "keys", "1000000",
     "Buckets held at once, 64 bytes each, taken as they are used. Past it full ones are forgotten first."},
    {"rate_limits.NAME.shadow", "true, false", "", "false",
     "Count and log what would be refused, and refuse nothing."},
    {"rate_limits.NAME.on_missing_key", "client_ip, pass, refuse", "", "client_ip",
     "A request without the header or cookie of the key: limited by its address, not limited, or refused."},
    {"rate_limits.NAME.status", "number 400..599", "status", "429", "Status of a refusal."},
    {"rate_limits.NAME.headers", "true, false", "", "true",
     "RateLimit and RateLimit-Policy on every answer, and Retry-After on refusals."},
    {"rate_limits.NAME.store", "local", "", "local", "Where buckets are kept: in this process."},
    {"headers.NAME.response", "map", "", "{}", "What the client gets."},
    {"headers.NAME.request", "map", "", "{}", "What the endpoint gets."},
    {"headers.NAME.response.set", "map of header: value", "", "{}",
     "Replaces what the endpoint sent. On answers that Weir makes itself too, errors included."},
    {"headers.NAME.response.set_on_tls", "map of header: value", "", "{}",
     "The same, where the client came by HTTPS."},
    {"headers.NAME.response.set_if_absent", "map of header: value", "", "{}",
     "Where the endpoint sent none."},
    {"headers.NAME.response.set_if_absent_on_tls", "map of header: value", "", "{}",
     "The same, where the client came by HTTPS."},
    {"headers.NAME.response.remove", "list of headers", "", "[]", "Dropped from what the endpoint sent."},
    {"headers.NAME.request.set", "map of header: value", "", "{}", "Replaces what the client sent."},
    {"headers.NAME.request.remove", "list of headers", "", "[]", "Dropped from what the client sent."},
    {"access.NAME.allow", "list of address blocks", "", "[]",
     "Who is admitted. Where this is not empty, clients that no block holds are refused."},
    {"access.NAME.deny", "list of address blocks", "", "[]",
     "Who is refused. The longest block that holds a client decides, and `deny` over `allow` of the same."},
    {"routes[].name", "name", "", "required", "Unique. Shown in logs and metrics."},
    {"routes[].match", "map", "", "{}", "All conditions must hold. Empty: every request."},
    {"routes[].rate_limits", "list of rate limit names", "", "[]",
     "All of them must admit a request; one that refuses takes nothing from the others. Up to 8."},
    {"routes[].headers", "list of policy names", "", "[security]",
     "Applied in this order, so that later ones win. `[]`: none."},
    {"routes[].access", "list of access list names", "", "[]",
     "Each of them must admit the client; otherwise 403. `[]`: all clients."},
    {"routes[].max_in_flight", "number", "requests", "0",
     "At once on this route, over all workers, open tunnels included; past it 503. 0: no limit."},
    {"routes[].access_log", "true, false", "", "true", "Off: its requests are not logged."},
    {"routes[].upstream", "upstream name", "", "absent",
     "Proxy there. Exactly one of `upstream`, `split`, `redirect` and `respond`."},
    {"routes[].split", "map", "", "absent",
     "Proxy to several upstreams, each with its share of the requests."},
    {"routes[].mirror", "map", "", "absent",
     "Copies a share of the requests to another upstream and reads nothing from its answers. Only with "
     "`upstream` or `split`."},
    {"routes[].rewrite", "map", "", "absent",
     "Changes the path that the endpoint gets. Only with `upstream` or `split`."},
    {"routes[].timeouts", "map", "", "{}",
     "Of this route, over those of the upstream. Only with `upstream` or `split`."},
    {"routes[].websocket", "true, false", "", "true",
     "Whether connections may be upgraded to tunnels. Only with `upstream` or `split`."},
    {"routes[].grpc_web", "true, false", "", "false",
     "Whether calls of gRPC-Web become gRPC. Only with `upstream` or `split`, and `protocol` h2, h2c or auto "
     "there."},
    {"routes[].redirect", "map", "", "absent", "Send the client elsewhere."},
    {"routes[].respond", "map", "", "absent", "Answer at once."},
    {"routes[].match.hosts", "list of hosts", "", "[]",
     "Exact, or `*.example.com`; without port. Empty: any."},
    {"routes[].match.path", "path", "", "absent", "The whole path. At most one of the three."},
    {"routes[].match.path_prefix", "path", "", "/",
     "Up to a border of segments: /api matches /api and /api/x, never /apis."},
    {"routes[].match.path_regex", "expression", "", "absent",
     "Matches the whole path. Without back-references and look-around, so that it is fast on any input."},
    {"routes[].match.methods", "list of methods", "", "[]", "Empty: any."},
    {"routes[].match.headers", "map of header: condition", "", "{}",
     "A value (exact), \"~expression\" (the whole value), or true (present)."},
    {"routes[].match.listeners", "list of listener names", "", "[]", "Empty: any."},
    {"routes[].match.scheme", "any, http, https", "", "any",
     "Of the client's connection: what a trusted proxy forwarded (`X-Forwarded-Proto`, `Forwarded`), else "
     "that of "
     "the listener."},
    {"routes[].split.targets", "list of maps", "", "required", "Where to; 1 to 16."},
    {"routes[].split.affinity", "map", "", "{}", "Which clients stay on one side."},
    {"routes[].split.drain_affinity", "move, keep", "", "move",
     "What becomes of clients whose side has weight 0. `keep`: with `by: cookie` they stay while that side "
     "works."},
    {"routes[].split.overrides", "list of maps", "", "[]",
     "Requests that say themselves where they go; those by header come before those by cookie, and both "
     "before "
     "weights."},
    {"routes[].split.targets[].upstream", "upstream name", "", "required", "Each upstream once."},
    {"routes[].split.targets[].weight", "number 0..1000000", "", "required",
     "Its share is this over the sum of all. 0: only overrides and clients that are kept there. Not all may "
     "be 0."},
    {"routes[].split.affinity.by", "none, client_ip, header:NAME, cookie", "", "none",
     "`none`: requests take turns. Otherwise a client's side follows from a hash; raising a weight only "
     "moves clients "
     "to that side. `cookie`: Weir's own, `weir_split`."},
    {"routes[].split.affinity.ttl", "duration", "", "1d",
     "How long a browser keeps the cookie. Only with `cookie`."},
    {"routes[].split.overrides[].header", "\"NAME: value\"", "", "absent",
     "The request has this header with exactly this value. Either this or `cookie`."},
    {"routes[].split.overrides[].cookie", "\"name=value\"", "", "absent", "The same with a cookie."},
    {"routes[].split.overrides[].upstream", "upstream name", "", "required",
     "One of the targets; its weight may be 0."},
    {"routes[].mirror.upstream", "upstream name", "", "required",
     "Where the copies go. Not the route's `upstream`; a target of its `split` gets copies of what the "
     "others "
     "get."},
    {"routes[].mirror.percent", "number 0..100, up to 4 decimals", "%", "required",
     "Share of the requests that is copied, exact over all workers. 0: none."},
    {"routes[].mirror.credentials", "strip, keep", "", "strip",
     "`strip`: copies carry no Cookie, Authorization and Proxy-Authorization."},
    {"routes[].mirror.body_bytes", "size 0..64MiB", "", "64KiB",
     "A request with a larger body is not copied, and counted. 0: only requests without a body are."},
    {"routes[].mirror.max_in_flight", "number 1..100000", "copies", "64",
     "At once, over all workers. Past it requests are not copied, and counted. Copies take no place of the "
     "upstream's `max_requests`."},
    {"routes[].rewrite.path", "path", "", "required",
     "Replaces the prefix that matched, or the whole path where `path` or `path_regex` did. The query "
     "stays."},
    {"routes[].timeouts.connect", "duration", "", "absent", "As in the upstream."},
    {"routes[].timeouts.send", "duration", "", "absent", "As in the upstream."},
    {"routes[].timeouts.response", "duration", "", "absent", "As in the upstream."},
    {"routes[].timeouts.idle", "duration", "", "absent", "As in the upstream."},
    {"routes[].timeouts.total", "duration", "", "absent", "As in the upstream. 0: no limit."},
    {"routes[].redirect.to", "URL or path", "", "required", "Such as https://example.com/new or /new."},
    {"routes[].redirect.status", "301, 302, 303, 307, 308", "", "302", "Status of the redirect."},
    {"routes[].respond.status", "number 200..599", "status", "200", "Status of the answer."},
    {"routes[].respond.body", "text", "", "\"\"", "The body itself, up to 1 MiB."},
    {"routes[].respond.body_file", "path", "", "absent",
     "A file with the body, relative to where Weir starts, read when the configuration is. Not together with "
     "`body`."},
    {"routes[].respond.headers", "map of header: value", "", "{}",
     "Further headers. The content type follows the file's ending unless it is given here."},
};

}  // namespace

std::span<const KeyInfo> known_keys() {
  return keys;
}

}  // namespace weir::config
