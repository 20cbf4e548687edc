"""The proxies, with comparable settings: a second for an answer, two further tries, three failures take an endpoint
out, for two seconds at first. Each reports when it has taken an endpoint out, and how often it tried again."""

import json
import re
import subprocess

from comparison.machine import Failure, free_port, need_binary, need_program

from .endpoints import ask

PROXY_CPU = "0"
NAME = "app.bench.internal"


class Proxy:
    """Before endpoints that are given (`dns` None), or that it has to look up at that DNS server."""

    def __init__(self, stage, endpoints, dns=None):
        self.stage, self.endpoints, self.dns = stage, endpoints, dns
        self.start()

    def path(self, name):
        return self.stage.folder / name

    def launch(self, command, config, text):
        self.path(config).write_text(text)
        self.process = self.stage.start(self.name, PROXY_CPU, [*command, str(self.path(config))])

    def stop(self):
        """Its log is whole afterwards."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Weir(Proxy):
    name = "weir"

    @staticmethod
    def version():
        return subprocess.run([need_binary("weir"), "version"], capture_output=True, text=True,
                              check=True).stdout.strip()

    def start(self):
        shown = [f"{NAME}:{self.endpoints[0].port}"] if self.dns else [each.address for each in self.endpoints]
        resolver = f', resolver: {{ servers: ["127.0.0.1:{self.dns.port}"], ipv6: off }}' if self.dns else ""
        self.launch([need_binary("weir"), "run", "-c"], "weir.yaml", f"""
server: {{ workers: 1, shutdown_timeout: 1s{resolver} }}
admin: {{ address: "127.0.0.1:0" }}
log: {{ access: {{ output: {self.path("weir-access.log")} }} }}
listeners: {{ bench: {{ address: "127.0.0.1:0" }} }}
upstreams:
  app:
    endpoints: {json.dumps(shown)}
    timeouts: {{ connect: 500ms, response: 1s, idle: 1s }}
    passive_health:
      consecutive_failures: 3
      failures: [connect, timeout, reset, invalid_response, "500", "502", "503", "504"]
      ejection_time: 2s
      max_ejection_time: 2s
    retry:
      attempts: 2
      on: [connect, reset_before_response, timeout, invalid_response, "500", "502", "503", "504"]
routes: [ {{ name: all, upstream: app }} ]
""")
        ready = self.stage.wait_for_text(self.name, "weir ready", self.process)
        self.port, self.admin_port = (int(re.search(rf'"{name}":"127\.0\.0\.1:(\d+)"', ready).group(1))
                                      for name in ("bench", "admin"))

    def is_out(self, endpoint):
        text = ask(self.admin_port, "GET", "/metrics")[1].decode()
        down = rf'^weir_endpoint_up{{.*endpoint="{re.escape(endpoint.address)}".*}} 0$'
        return re.search(down, text, re.M) is not None

    def retries(self):
        count = 0
        for line in self.path("weir-access.log").read_text().splitlines():
            made = [each for each in json.loads(line).get("attempts", []) if each["outcome"] not in NOT_MADE]
            count += max(0, len(made) - 1)
        return count


NOT_MADE = ("budget_exhausted", "no_other_endpoint")  # attempts in Weir's access log that only say why there was none


class Nginx(Proxy):
    name = "nginx"

    @staticmethod
    def version():
        return subprocess.run([need_program("nginx", "nginx-light"), "-v"], capture_output=True, text=True,
                              check=True).stderr.strip()

    def start(self):
        self.port = free_port()
        temporary = "\n".join(f"  {kind}_temp_path {self.path('nginx-' + kind)};"
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        servers = "\n".join(f"    server {each.address} max_fails=3 fail_timeout=2s;" for each in self.endpoints)
        upstream = ("upstream app {\n    least_conn;\n" + servers
                    + "\n    keepalive 256;\n    keepalive_requests 1000000000;\n  }")
        target = "proxy_pass http://app;"
        if self.dns:  # 1.22 looks names up while it runs only where proxy_pass has a variable: no upstream block
            upstream = f"resolver 127.0.0.1:{self.dns.port} ipv6=off;"
            target = f"set $app {NAME};\n      proxy_pass http://$app:{self.endpoints[0].port};"
        self.launch(["nginx", "-p", str(self.stage.folder), "-c"], "nginx.conf", f"""
daemon off;
worker_processes 1;
pid {self.path("nginx.pid")};
error_log {self.path("nginx-error.log")} warn;
events {{ worker_connections 4096; }}
http {{
  log_format tries '$status $upstream_addr';
  access_log {self.path("nginx-access.log")} tries;
{temporary}
  keepalive_requests 1000000000;
  {upstream}
  server {{
    listen 127.0.0.1:{self.port};
    location / {{
      {target}
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout 500ms;
      proxy_read_timeout 1s;
      proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504;
      proxy_next_upstream_tries 3;
    }}
  }}
}}
""")
        self.stage.wait_for_port(self.name, self.port, self.process)

    def is_out(self, endpoint):
        """nginx shows no state, only the moment in its log."""
        return re.search(rf'temporarily disabled.*upstream: "http://{re.escape(endpoint.address)}/',
                         self.path("nginx-error.log").read_text()) is not None

    def retries(self):
        return sum(line.count(", ") for line in self.path("nginx-access.log").read_text().splitlines())


class Haproxy(Proxy):
    name = "haproxy"

    @staticmethod
    def version():
        return subprocess.run([need_program("haproxy"), "-v"], capture_output=True, text=True,
                              check=True).stdout.splitlines()[0].strip()

    def start(self):
        self.port = free_port()
        self.admin_port = self.port
        while self.admin_port == self.port:
            self.admin_port = free_port()
        resolvers = ""
        servers = "\n".join(f"  server {each.name} {each.address}" for each in self.endpoints)
        if self.dns:
            resolvers = f"""resolvers dns
  nameserver one 127.0.0.1:{self.dns.port}
  resolve_retries 3
  timeout resolve 1s
  timeout retry 500ms
  hold valid 1s
"""
            servers = (f"  server-template endpoint 7 {NAME}:{self.endpoints[0].port} resolvers dns "
                       "resolve-prefer ipv4 init-addr none")
        self.launch(["haproxy", "-db", "-f"], "haproxy.cfg", f"""
global
  nbthread 1
  log stdout format raw local0
  maxconn 4096
defaults
  mode http
  log global
  option httplog
  option http-keep-alive
  http-reuse always
  timeout connect 500ms
  timeout client 60s
  timeout server 1s
  timeout check 1s
  retries 2
  option redispatch 1
  retry-on all-retryable-errors 500
{resolvers}frontend bench
  bind 127.0.0.1:{self.port}
  default_backend app
frontend stats
  bind 127.0.0.1:{self.admin_port}
  stats enable
  stats uri /stats
backend app
  balance leastconn
  option httpchk GET /health
  default-server check inter 1s fall 3 rise 2 observe layer7 error-limit 3 on-error mark-down
{servers}
""")
        self.stage.wait_for_port(self.name, self.port, self.process)

    def is_out(self, endpoint):
        text = ask(self.admin_port, "GET", "/stats;csv")[1].decode()
        return re.search(rf"^app,{endpoint.name},.*,DOWN", text, re.M) is not None

    def retries(self):
        """The last of the five counts in each line, with a + where it went to another server."""
        log = self.path("haproxy.out").read_text()
        return sum(int(count) for count in re.findall(r" \d+/\d+/\d+/\d+/\+?(\d+) \d+/\d+ ", log))


PROXIES = {proxy.name: proxy for proxy in (Weir, Nginx, Haproxy)}


def wait_for_answer(proxy, tries=100):
    """Until a request is answered as it should be: names may have to be looked up first."""
    for _ in range(tries):
        try:
            if ask(proxy.port, "GET", "/delay/20")[0] == 200:
                return
        except OSError:
            pass
    raise Failure(f"{proxy.name} does not answer")
