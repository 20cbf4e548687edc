"""Two versions of an app behind Weir, clients that ask at a steady rate, and rollouts from one version to the other."""

import json
import os
import signal
import subprocess
import time
from datetime import datetime

from comparison.machine import Failure, free_port, need_binary
from faults.endpoints import Endpoint, ask
from faults.trial import Load

WEIR_CPU = "0"
POLL_S = 0.05
ANSWER_WITHIN_S = 20.0  # of the admin address, on a machine that may be busy
CONNECTIONS = 8  # of the clients of one route
CLIENT_TIMEOUT_MS = 5000
FINISHED, REFUSED, ROLLED_BACK, HELD = 0, 1, 4, 5  # what `weir rollout start --wait` ends with
USUAL = ("--latency-ms", "5", "--latency-spread", "0.4")  # how long the app takes


def seconds_of(timestamp):
    """Since the epoch, of a time as logs and events have it."""
    return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()


class Scene:
    """Upstream `blue`, the version in use, and `green`, the canary: two instances each. Routes r0, r1, ... by path,
    each with a rollout of its own. `rollout`: the keys of its block, `fail_percent` of both versions; clients wait
    `patience` times as long as usual."""

    def __init__(self, stage, rollout, patience, routes=1, fail_percent=1.0):
        self.stage, self.patience = stage, patience
        usual = (*USUAL, "--fail-percent", str(fail_percent))
        self.blue, self.green = ([Endpoint(stage, number, options=usual) for number in numbers]
                                 for numbers in ((1, 2), (3, 4)))
        self.routes = [f"r{number}" for number in range(routes)]
        self.port, self.admin_port = free_port(), free_port()
        self.access_log = stage.folder / "access.log"
        (stage.folder / "state").mkdir()
        (stage.folder / "weir.yaml").write_text(self.config(rollout))
        self.loads = []
        self.weir = None
        self.start_weir()

    def config(self, rollout):
        upstreams = "".join(f"  {name}: {{ endpoints: {json.dumps([each.address for each in instances])} }}\n"
                            for name, instances in (("blue", self.blue), ("green", self.green)))
        block = json.dumps({"canary": "green", **rollout})
        routes = "".join(f"""  - name: {name}
    match: {{ path_prefix: /{name} }}
    split: {{ targets: [{{ upstream: blue, weight: 100 }}, {{ upstream: green, weight: 0 }}] }}
    rollout: {block}
""" for name in self.routes)
        return f"""server: {{ workers: 2, state_dir: "{self.stage.folder}/state", shutdown_timeout: 2s }}
admin: {{ address: "127.0.0.1:{self.admin_port}" }}
log: {{ access: {{ output: "{self.access_log}" }} }}
listeners: {{ http: {{ address: "127.0.0.1:{self.port}" }} }}
upstreams:
{upstreams}routes:
{routes}"""

    def start_weir(self):
        self.weir = self.stage.start("weir", WEIR_CPU, [need_binary("weir"), "run", "-c",
                                                        str(self.stage.folder / "weir.yaml")])
        self.stage.wait_for_text("weir", "weir ready", self.weir)

    def kill_weir(self):
        """As a power cut would end it: nothing is written any more."""
        self.weir.send_signal(signal.SIGKILL)
        self.weir.wait()

    def ask_for(self, rate):
        """Clients of each route ask so many times a second together, from now on."""
        interval_ms = round(1000 * CONNECTIONS / rate)
        for name in self.routes:
            self.loads.append(Load(self.stage, self.port, "--connections", str(CONNECTIONS), "--interval",
                                   str(interval_ms), "--path", f"/{name}", "--timeout",
                                   str(round(CLIENT_TIMEOUT_MS * self.patience)), name=f"load-{name}"))

    def clients_saw(self):
        """Ends the load: requests, and failed ones by kind, of all clients."""
        requests, failures = 0, {}
        for load in self.loads:
            summary = load.stop()
            requests += summary["requests"]
            for kind, count in summary["failures"].items():
                failures[kind] = failures.get(kind, 0) + count
        self.loads = []
        return requests, failures

    def change(self, instances, **behaviour):
        for each in instances:
            each.change(**behaviour)

    # Weir's commands.
    def command(self, *words):
        """Exit status, and what was printed."""
        done = subprocess.run([need_binary("weir"), *words, "--admin", f"127.0.0.1:{self.admin_port}"],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def need(self, *words):
        status, output = self.command(*words)
        if status != 0:
            raise Failure(f"weir {' '.join(words)} ended with {status}:\n{output}")
        return output

    def insist(self, *words):
        """Of a command that may be given twice: again, while workers have no time to answer."""
        until = time.monotonic() + ANSWER_WITHIN_S * self.patience
        while True:
            try:
                return self.need(*words)
            except Failure as failure:
                if "did not answer in time" not in str(failure) or time.monotonic() > until:
                    raise

    def begin(self, route, *words):
        """Starts its rollout."""
        return self.need("rollout", "start", route, *words)

    def run_to_end(self, route, within_s):
        """Starts its rollout with all traffic on blue and waits: the exit status, and what was printed. Whatever the
        one before it came to, that one is over."""
        self.insist("split", "set", route, "blue=100", "green=0", "--abort-rollout", "--reason", "from the start")
        return self.command("rollout", "start", route, "--wait", "--timeout", f"{within_s}s")

    def state(self, route):
        return json.loads(self.need("rollout", "status", route, "--json"))

    def events(self, route, kind=None):
        """Of its rollouts so far, oldest first."""
        status, body = ask(self.admin_port, "GET", "/api/v1/events?format=json", timeout=ANSWER_WITHIN_S)
        if status != 200:
            raise Failure(f"events: status {status}")
        return [{**each, "at": seconds_of(each["ts"])} for each in json.loads(body)["events"]
                if each.get("route") == route and each["kind"].startswith("rollout_") and kind in (None, each["kind"])]

    def wait_for_event(self, route, kind, within_s, count=1):
        """The event, which is the `count`th of its kind."""
        until = time.monotonic() + within_s
        while len(found := self.events(route, kind)) < count:
            if time.monotonic() > until:
                raise Failure(f"{route} has no {kind} after {within_s} s; its events are:\n"
                              + "\n".join(each["text"] for each in self.events(route)))
            time.sleep(POLL_S)
        return found[count - 1]

    def logged(self, until, within_s):
        """Requests by route: (begun, ended, target, status), times in seconds since the epoch; once each route's log
        has one that began after `until`, by route. Lines come in the order in which requests end."""
        give_up = time.monotonic() + within_s
        while True:
            found = self.read_log()
            late = [name for name, at in until.items() if not found[name] or found[name][-1][0] < at]
            if not late:
                return found
            if time.monotonic() > give_up:
                raise Failure(f"the access log has no request of {late[0]} in the last {within_s:g} s")
            time.sleep(0.2)

    def read_log(self):
        found = {name: [] for name in self.routes}
        with open(self.access_log, encoding="utf-8") as lines:
            for line in lines:
                if not line.endswith("}\n"):
                    continue  # the last one may be cut
                entry = json.loads(line)
                begun = seconds_of(entry["ts"])
                if entry.get("route") in found and "split" in entry:
                    found[entry["route"]].append((begun, begun + entry["duration_ms"] / 1000, entry["split"]["target"],
                                                  entry["status"]))
        for entries in found.values():
            entries.sort()
        return found


def own_cpus():
    """This script stays beside the load: CPU 0 is Weir's."""
    os.sched_setaffinity(0, {1})
