"""The proxies: one configuration each for a scenario's job, on one CPU (or two, with two workers)."""

import json
import os
import re
import subprocess

from .machine import Failure, build_of_weir, free_port, need_binary, need_program, package_of

SECURITY_HEADERS = (("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"),
                    ("Referrer-Policy", "strict-origin-when-cross-origin"), ("X-XSS-Protection", "0"))


# What made each rival cheapest in jobs with bodies, of what was tried: nginx with its own buffers (which spill into
# files), 8 of 128 KiB and 16 of 16 KiB, with and without buffered requests; HAProxy with buffers of 16 (its own), 32,
# 64 and 128 KiB, with and without splice. HAProxy's larger buffers cost more than they save with 64 KiB answers, and
# over HTTP/2, where it does not splice.
NGINX_SMALL_BUFFERS = ("proxy_buffer_size 16k; proxy_buffers 16 16k; proxy_busy_buffers_size 64k; "
                       "proxy_max_temp_file_size 0;")
NGINX_TUNED = {
    "64k": "proxy_buffer_size 16k; proxy_buffers 8 128k; proxy_busy_buffers_size 256k; proxy_max_temp_file_size 0;",
    "1m": NGINX_SMALL_BUFFERS, "tls1m": NGINX_SMALL_BUFFERS, "h2_big": NGINX_SMALL_BUFFERS,
    "post16k": "proxy_request_buffering off;"}
HAPROXY_TUNED = {"1m": "tune.bufsize 65536", "tls1m": "tune.bufsize 65536", "post16k": "tune.bufsize 32768"}
HAPROXY_SPLICED = ("64k", "1m")
# One session ticket per handshake as Weir sends; OpenSSL's two are HAProxy's only choice but for OpenSSL's settings.
ONE_TICKET = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = defaults
[defaults]
NumTickets = 1
"""
# HAProxy reserves two descriptors for each client of `maxconn`. Where a process may have 20,000 it starts with 10,100
# only with `no strict-limits`, and does take them all: an idle client needs one.
HAPROXY_LIMITS = "no strict-limits\n  maxconn 10100"
KEPT = 4096  # idle connections to endpoints, as Weir keeps them: more than there are clients, so none connects anew


def cpus(scenario):
    return "0" if scenario.workers == 1 else "0,1"


def nginx_has_http2_directive(release):
    """`http2 on` came with nginx 1.25.1; before it, `listen` has a parameter."""
    return tuple(int(part) for part in re.search(r"(\d+)\.(\d+)\.(\d+)", release).groups()) >= (1, 25, 1)


def nginx_proxies_http2(release):
    """`proxy_http_version 2` came with nginx 1.29.4; before it, only its module for gRPC speaks HTTP/2 to endpoints."""
    return tuple(int(part) for part in re.search(r"(\d+)\.(\d+)\.(\d+)", release).groups()) >= (1, 29, 4)


def version_of(command):
    return subprocess.run(command, capture_output=True, text=True, check=True)


class Proxy:
    """One running proxy: `port` and `pid`."""

    def __init__(self, stage, scenario, endpoints):
        self.stage, self.scenario, self.endpoints = stage, scenario, endpoints
        self.workers = scenario.workers
        self.start()

    def launch(self, command):
        self.process = self.stage.start(self.name, cpus(self.scenario), command)
        self.pid = self.process.pid

    def launch_on(self, port, command):
        self.port = port
        self.launch(command)
        self.stage.wait_for_port(self.name, port, self.process)

    def write(self, name, text):
        path = self.stage.folder / name
        path.write_text(text)
        return str(path)


class Weir(Proxy):
    name = "weir"

    @staticmethod
    def version():
        return f"{version_of([need_binary('weir'), 'version']).stdout.strip()}, {build_of_weir()}"

    def start(self):
        folder, full = self.stage.folder, self.scenario.full
        tls = "protocols: [h2c]" if self.scenario.http2 else ""
        if self.scenario.tls:  # which offers HTTP/2 by ALPN
            tls = f"tls: {{ certificates: [{{ cert: {folder}/cert.pem, key: {folder}/key.pem }}] }}"
        log = f"output: {folder}/{self.name}-access.log" if full else "enabled: false"
        limits = "rate_limits: { all: { key: client_ip, rate: 10000000/s, burst: 10000000 } }" if full else ""
        route = "rate_limits: [all], headers: [security]" if full else "headers: []"
        config = self.write(f"{self.name}.yaml", f"""
server: {{ workers: {self.workers}, max_connections: 12000{self.server_keys()} }}
admin: {{ address: 127.0.0.1:0 }}
log: {{ access: {{ {log} }} }}
listeners: {{ bench: {{ address: 127.0.0.1:0, limits: {{ idle_timeout: 1h }}, {tls} }} }}
upstreams: {{ {self.upstreams()} }}
{limits}
routes: [{{ name: all, {route}, {self.action()} }}]
""")
        self.launch([need_binary("weir"), "run", "-c", config])
        ready = self.stage.wait_for_text(self.name, "weir ready", self.process)
        self.port = int(re.search(r'"bench":"127\.0\.0\.1:(\d+)"', ready).group(1))
        self.admin = re.search(r'"admin":"([^"]+)"', ready).group(1)

    def upstream(self, name, ports):
        spoken = ", protocol: h2c" if self.scenario.h2c else ""
        quoted = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
        return f"{name}: {{ balance: least_connections, endpoints: [{quoted}]{spoken} }}"

    # What the configuration has that another Weir of a comparison has differently.
    def server_keys(self):
        return ""

    def upstreams(self):
        return self.upstream("app", self.endpoints)

    def action(self):
        return "upstream: app"


class WeirAlone(Weir):
    """With one worker where the others have more, on the same CPUs."""

    name = "weir-one"

    def start(self):
        self.workers = 1
        super().start()


class WeirSplit(Weir):
    """Its route has a split with one endpoint on each side."""

    name = "weir-split"
    CANARY_PERCENT = 5

    def server_keys(self):
        return f", state_dir: {self.stage.folder}/{self.name}-state"

    def upstreams(self):
        stable, canary = self.endpoints
        return f"{self.upstream('stable', [stable])}, {self.upstream('canary', [canary])}"

    def action(self):
        return (f"split: {{ targets: [{{ upstream: stable, weight: {100 - self.CANARY_PERCENT} }}, "
                f"{{ upstream: canary, weight: {self.CANARY_PERCENT} }}] }}")

    def start(self):
        (self.stage.folder / f"{self.name}-state").mkdir()
        super().start()


class WeirRollout(WeirSplit):
    """The same with a rollout that stays at its first step, which has the same weights."""

    name = "weir-rollout"

    def action(self):
        return (super().action() + f", rollout: {{ canary: canary, steps: [{self.CANARY_PERCENT}, 100], hold: 24h, "
                "max_hold: 48h }")

    def start(self):
        super().start()
        self.command("start")

    def command(self, *words):
        """What `weir rollout WORDS` prints."""
        done = subprocess.run([need_binary("weir"), "rollout", words[0], "all", *words[1:], "--admin", self.admin],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"weir rollout {words[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def need_running(self):
        """The requests of a comparison have to be those of a rollout, up to the last one."""
        if json.loads(self.command("status", "--json"))["state"] != "running":
            raise Failure(f"the rollout does not run any more:\n{self.command('status')}")


class Nginx(Proxy):
    name = "nginx"

    @staticmethod
    def version():
        return f"{Nginx.release()}, {package_of('nginx')}"

    @staticmethod
    def release():
        return version_of([need_program("nginx", "nginx-light"), "-v"]).stderr.strip().partition(": ")[2]

    def start(self):
        folder, port, scenario = self.stage.folder, free_port(), self.scenario
        flags = "backlog=4096" + (" reuseport" if scenario.workers > 1 else "")
        http2 = ""
        if scenario.http2 and nginx_has_http2_directive(self.release()):
            http2 = "http2 on;"
        elif scenario.http2:
            flags += " http2"
        listen = f"listen 127.0.0.1:{port} {flags};"
        if scenario.tls:
            listen = (f"listen 127.0.0.1:{port} ssl {flags}; ssl_certificate {folder}/cert.pem; "
                      f"ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.2 TLSv1.3; "
                      "ssl_conf_command NumTickets 1;")  # as Weir; two are usual
        request_id = "$pid-$connection-$connection_requests"  # cheaper than $request_id
        fields = (f'"ts":"$time_iso8601","request_id":"{request_id}","client_ip":"$remote_addr",'
                  '"client_port":$remote_port,"protocol":"$server_protocol","method":"$request_method",'
                  '"host":"$host","path":"$uri","query":"$args","user_agent":"$http_user_agent",'
                  '"referer":"$http_referer","upstream":"app","endpoint":"$upstream_addr","status":$status,'
                  '"bytes_in":$request_length,"bytes_out":$body_bytes_sent,"duration":$request_time,'
                  '"first_byte":"$upstream_header_time"')
        log = "access_log off;"
        if scenario.full:
            log = f"access_log {folder}/nginx-access.log access buffer=64k flush=1s;"
        zone = "limit_req_zone $binary_remote_addr zone=all:10m rate=1000000r/s;" if scenario.full else ""
        extra = NGINX_TUNED.get(scenario.name, "")
        if scenario.full:
            extra = (f"proxy_set_header X-Request-Id {request_id};\n"
                     f"      add_header X-Request-Id {request_id} always;\n"
                     "      limit_req zone=all burst=1000000 nodelay;\n") + "\n".join(
                f'      add_header {name} "{value}" always;' for name, value in SECURITY_HEADERS)
        shared = "zone app 64k;" if scenario.workers > 1 else ""  # one count of connections for both workers
        temporary = "\n".join(f"  {kind}_temp_path {folder}/nginx-{kind};"
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        servers = "\n".join(f"    server 127.0.0.1:{each};" for each in self.endpoints)
        passed, version = "proxy", 'proxy_http_version 1.1; proxy_set_header Connection "";'
        if scenario.h2c:
            newer = nginx_proxies_http2(self.release()) and not scenario.grpc
            passed, version = ("proxy", "proxy_http_version 2;") if newer else ("grpc", "")
        scheme = "http" if passed == "proxy" else "grpc"
        user = "user root;" if os.geteuid() == 0 else ""  # or its workers may not write below the folder: 500
        config = self.write("nginx.conf", f"""
daemon off;
{user}
worker_processes {scenario.workers};
worker_rlimit_nofile 65536;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 32768; }}
http {{
  log_format access escape=json '{{{fields}}}';
  {log}
  {zone}
{temporary}
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  tcp_nodelay on;
  client_max_body_size 0;
  client_body_buffer_size 64k;
  upstream app {{
    {shared}
    least_conn;
{servers}
    keepalive {KEPT};
    keepalive_requests 1000000000;
  }}
  server {{
    {listen} {http2}
    location / {{
      {passed}_pass {scheme}://app;
      {version}
      {passed}_set_header Host $http_host;
      {passed}_set_header X-Forwarded-For $remote_addr;
      {passed}_set_header X-Real-IP $remote_addr;
      {passed}_set_header X-Forwarded-Proto $scheme;
      {passed}_set_header X-Forwarded-Host $host;
      {passed}_set_header X-Forwarded-Port $server_port;
      {extra}
    }}
  }}
}}
""")
        self.launch_on(port, ["nginx", "-p", str(folder), "-c", config])


class Haproxy(Proxy):
    name = "haproxy"

    @staticmethod
    def version():
        version = version_of([need_program("haproxy"), "-v"]).stdout.splitlines()[0]
        return f"{version.partition(' - ')[0]}, {package_of('haproxy')}"

    def start(self):
        folder, port, scenario = self.stage.folder, free_port(), self.scenario
        bind = f"bind 127.0.0.1:{port} backlog 4096"
        if scenario.tls:
            bind += f" ssl crt {folder}/both.pem "
            # h2load names AES-128 first, and the others take what the client prefers.
            bind += "alpn h2 prefer-client-ciphers" if scenario.http2 else "alpn http/1.1"
        elif scenario.http2:
            bind += " proto h2"
        log, extra, tuned = "", "", [HAPROXY_TUNED.get(scenario.name, "")]
        if scenario.name in HAPROXY_SPLICED:
            tuned.append("maxpipes 128")
            extra = "  option splice-auto"
        if scenario.tls:
            tuned.append("tune.ssl.cachesize 0")  # tickets do it, as with Weir
        tuning = "\n  ".join(tuned)
        if scenario.full:
            log = "log stdout format raw local0\n"
            fields = ('"ts":"%[date,utime(%Y-%m-%dT%H:%M:%S)]","request_id":"%ID","client_ip":"%ci","client_port":%cp,'
                      '"method":"%HM","host":"%[capture.req.hdr(0)]","path":"%HP","query":"%HQ",'
                      '"user_agent":"%[capture.req.hdr(1)]","upstream":"%b","endpoint":"%s","status":%ST,"bytes_in":%U,'
                      '"bytes_out":%B,"duration":%Ta,"first_byte":%Tr')
            extra = "\n".join([  # the id is cheaper than uuid()
                "  unique-id-format %pid-%rt", "  unique-id-header X-Request-Id",
                "  http-response set-header X-Request-Id %[unique-id]",
                "  log global", "  capture request header Host len 64", "  capture request header User-Agent len 64",
                "  log-format '{" + fields + "}'",
                "  stick-table type ip size 1m expire 10s store http_req_rate(1s)", "  http-request track-sc0 src",
                "  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 10000000 }",
                *(f"  http-response set-header {name} {value}" for name, value in SECURITY_HEADERS)])
        spoken = " proto h2" if scenario.h2c else ""
        servers = "\n".join(f"  server s{each} 127.0.0.1:{each}{spoken}" for each in self.endpoints)
        config = self.write("haproxy.cfg", f"""
global
  nbthread {scenario.workers}
  {HAPROXY_LIMITS}
  tune.pool-high-fd-ratio 100
  tune.pool-low-fd-ratio 90
  {tuning}
  {log}
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 60s
frontend bench
  {bind}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-Proto {scenario.scheme}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
{extra}
  default_backend app
backend app
  balance leastconn
{servers}
""")
        settings = self.write("openssl.cnf", ONE_TICKET)
        self.launch_on(port, ["env", f"OPENSSL_CONF={settings}", "haproxy", "-db", "-f", config])


class Nghttpx(Proxy):
    """In jobs over HTTP/2."""

    name = "nghttpx"

    @staticmethod
    def version():
        version = version_of([need_program("nghttpx", "nghttp2-proxy"), "--version"]).stdout.strip()
        return f"{version}, {package_of('nghttpx')}"

    def start(self):
        folder, port, scenario = self.stage.folder, free_port(), self.scenario
        spoken = "h2" if scenario.h2c else "http/1.1"
        options = [f"--frontend=127.0.0.1,{port}" + ("" if scenario.tls else ";no-tls"),
                   *(f"--backend=127.0.0.1,{each};;proto={spoken}" for each in self.endpoints),
                   f"--workers={scenario.workers}", "--backlog=4096", "--rlimit-nofile=65536", "--no-ocsp",
                   "--frontend-http2-read-timeout=1h", "--add-x-forwarded-for",
                   # It has no variables. X-Forwarded-Proto is there without being asked for.
                   "--add-request-header=X-Real-IP: 127.0.0.1",
                   f"--add-request-header=X-Forwarded-Host: 127.0.0.1:{port}",
                   f"--add-request-header=X-Forwarded-Port: {port}"]
        certificate = [f"{folder}/key.pem", f"{folder}/cert.pem"] if scenario.tls else []
        settings = self.write("openssl.cnf", ONE_TICKET)
        self.launch_on(port, ["env", f"OPENSSL_CONF={settings}", "nghttpx", "--conf=/dev/null", *options, *certificate])


class Floor(Proxy):
    name = binary = "floor"

    @staticmethod
    def version():
        return "a relay that parses nothing"

    def start(self):
        port = free_port()
        named = [part for each in self.endpoints for part in ("--endpoint", str(each))]
        self.launch_on(port, [need_binary(self.binary), "--port", str(port), *named])


class AsioRelay(Floor):
    name, binary = "asio", "asio_relay"

    @staticmethod
    def version():
        return f"the floor on Boost.Asio {boost_of(AsioRelay.binary)}"


class BeastRelay(Floor):
    name, binary = "beast", "beast_relay"

    @staticmethod
    def version():
        return f"a relay of messages on Boost.Asio and Boost.Beast {boost_of(BeastRelay.binary)}"


def boost_of(binary):
    return version_of([need_binary(binary), "--version"]).stdout.strip()


PROXIES = {proxy.name: proxy for proxy in (Weir, Nginx, Haproxy, Nghttpx, Floor, AsioRelay, BeastRelay)}
# The last ones: in jobs with several workers, and where rollouts are compared.
KINDS = {**PROXIES, **{proxy.name: proxy for proxy in (WeirAlone, WeirSplit, WeirRollout)}}


def start_endpoints(stage):
    """Two weir-origin instances beside the load; their ports."""
    ports = []
    for name in ("one", "two"):
        process = stage.start(name, "1", [need_binary("weir-origin"), "--port", "0", "--name", name])
        ready = stage.wait_for_text(name, "weir-origin ready", process)
        found = re.search(r'"address":"127\.0\.0\.1:(\d+)"', ready)
        if not found:
            raise Failure(f"weir-origin did not say where it listens: {ready}")
        ports.append(int(found.group(1)))
    return ports
