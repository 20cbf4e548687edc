"""What is watched: instances of an app, Weirs before them, clients, and a name server. Each fault has a route and an
upstream of its own, so that one run makes all of them at once."""

import json
import signal
from pathlib import Path

from names import Names
from processes import Origin, Weir, certificate, free_port
from traffic import Curl, Load

ORIGINS = ("good", "pair-1", "pair-2", "checked-1", "checked-2", "broken", "grpc", "thin-1", "thin-2", "canary",
           "worse")
ROUTES = ("pair", "checked", "broken", "flaky", "slow", "slower", "slowest", "tiny", "thin", "named", "guarded",
          "limited")
OF_FAULTS = ("flaky", "slow", "slower", "slowest")  # no other clients, so that shares are those of the fault
ROLLOUTS = {"going": "canary", "held": "canary2", "taken": "worse"}

MAIN = """
server: {{ workers: 2, state_dir: {folder}/state, resolver: {{ servers: ["{names}"], max_ttl: 1s, ipv6: off }} }}
admin: {{ address: 127.0.0.1:{admin} }}
log: {{ access: {{ output: {folder}/access.log }} }}
listeners:
  http: {{ address: 127.0.0.1:{http}, protocols: [http/1.1, h2c] }}
  fortnight:
    address: 127.0.0.1:{fortnight}
    tls: {{ certificates: [{{ cert: {folder}/fortnight.pem, key: {folder}/fortnight.key }}] }}
  days:
    address: 127.0.0.1:{days}
    tls: {{ certificates: [{{ cert: {folder}/days.pem, key: {folder}/days.key }}] }}
upstreams:
  good: {{ endpoints: [{good}] }}
  pair: {{ endpoints: [{pair_1}, {pair_2}], passive_health: {{ ejection_time: 1s, max_ejection_time: 1s }} }}
  checked:
    endpoints: [{checked_1}, {checked_2}]
    health_check: {{ path: /health, interval: 500ms, timeout: 500ms, unhealthy_threshold: 1, healthy_threshold: 1 }}
  broken: {{ endpoints: [{broken}] }}
  grpc: {{ endpoints: [{grpc}], protocol: h2c, passive_health: {{ consecutive_failures: 0 }} }}
  tiny: {{ endpoints: [{good}], max_requests: 2 }}
  thin:
    endpoints: [{thin_1}, {thin_2}]
    passive_health: {{ consecutive_failures: 0 }}
    retry: {{ on: [503], budget: {{ percent: 0, min_per_second: 0 }} }}
  named: {{ endpoints: ["app.test:{good_port}"] }}
  guarded: {{ endpoints: [{guarded}] }}
  canary: {{ endpoints: [{canary}] }}
  canary2: {{ endpoints: [{canary}] }}
  worse: {{ endpoints: [{worse}] }}
rate_limits:
  five: {{ rate: 5/s, burst: 5 }}
routes:
  - {{ name: limited, match: {{ path_prefix: /limited }}, upstream: good, rewrite: {{ path: / }}, rate_limits: [five] }}
  - {{ name: grpc, match: {{ path_prefix: /grpc }}, upstream: grpc, rewrite: {{ path: / }} }}
{routes}
"""

ROUTE = "  - {{ name: {0}, match: {{ path_prefix: /{0} }}, upstream: {1}, rewrite: {{ path: / }} }}"
ROLLOUT = """  - name: {0}
    match: {{ path_prefix: /{0} }}
    rewrite: {{ path: / }}
    split: {{ targets: [{{ upstream: good, weight: 100 }}, {{ upstream: {1}, weight: 0 }}] }}
    rollout: {{ canary: {1}, steps: [50, 100], hold: 1h, warmup: 0s }}"""

SMALL = """
server: {{ workers: 1, max_connections: {most} }}
admin: {{ address: 127.0.0.1:{admin} }}
log: {{ access: {{ enabled: false }} }}
listeners: {{ http: {{ address: 127.0.0.1:0 }} }}
upstreams: {{ app: {{ endpoints: [{good}], timeouts: {{ response: 10m }} }} }}
routes: [{{ name: all, upstream: app }}]
"""


class World:
    def __init__(self, binaries, folder):
        self.binaries, self.folder = binaries, Path(folder)
        self.names, self.origins, self.weirs, self.loads = Names(), {}, {}, []
        for name in ORIGINS:
            self.origins[name] = Origin(binaries, folder, name)
        for name in ("fortnight", "days"):
            certificate(folder, name, 90)
        ports = {name: free_port() for name in ("admin", "http", "fortnight", "days")}
        self.main_config = self._main(ports, self.origins["good"].address)
        # What a change that went wrong would write: nothing listens there.
        self.worse_config = self._main(ports, f"127.0.0.1:{free_port()}")
        self.weir("main", self.main_config)
        for name, most in (("near", 40), ("full", 20)):
            self.weir(name, SMALL.format(most=most, admin=free_port(), good=self.origins["good"].address))

    def _main(self, ports, guarded):
        where = {name.replace("-", "_"): origin.address for name, origin in self.origins.items()}
        upstream_of = {"flaky": "good", "slow": "good", "slower": "good", "slowest": "good"}
        routes = [ROUTE.format(name, upstream_of.get(name, name)) for name in ROUTES if name != "limited"]
        routes += [ROLLOUT.format(name, canary) for name, canary in ROLLOUTS.items()]
        return MAIN.format(folder=self.folder, names=self.names.address, good_port=self.origins["good"].port,
                           guarded=guarded, routes="\n".join(routes), **where, **ports)

    def weir(self, name, config):
        self.weirs[name] = Weir(self.binaries, self.folder, name, config)

    @property
    def main(self):
        return self.weirs["main"]

    def restart_main(self):
        self.main.end(signal.SIGTERM)
        self.weir("main", self.main_config)

    def restart_origin(self, name):
        self.origins[name] = Origin(self.binaries, self.folder, name, self.origins[name].port)

    def configure_main(self, text):
        self.main.config.write_text(text)

    def begin(self):
        """Clients on every route, by HTTP/1.1, TLS and HTTP/2, and three rollouts."""
        http = self.main.listeners["http"]
        for route in (*ROUTES, *ROLLOUTS):
            if route in OF_FAULTS:
                continue
            self.loads.append(Load(http, [f"/{route}/"], per_second=20))
        self.loads.append(Load(self.main.listeners["days"], ["/pair/"], per_second=5, tls=True))
        self.loads.append(Curl(f"https://{self.main.listeners['fortnight']}/pair/"))
        self.loads.append(Curl("--http2-prior-knowledge", "-X", "POST", "-H", "Content-Type: application/grpc", "-H",
                               "TE: trailers", "--data-binary", "@/dev/null", f"http://{http}/grpc/svc/Call"))
        for route in ROLLOUTS:
            self.main.command("rollout", "start", route)

    def state(self):
        return json.loads(self.main.command("status", "--json"))

    def quiet(self):
        for load in self.loads:
            load.stopped.set()
        for load in self.loads:
            load.stop()
        self.loads = []

    def stop(self):
        self.quiet()
        for program in (*self.weirs.values(), *self.origins.values()):
            program.end()
        self.names.stop()
