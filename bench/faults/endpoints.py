"""weir-origin instances that are killed, stopped, and set to misbehave."""

import http.client
import json
import re
import signal

from comparison.machine import Failure, need_binary

LOAD_CPU = "1"
CHANGED_WITHIN_S = 20.0  # on a machine that may be busy


def ask(port, method, path, host="127.0.0.1", timeout=2.0):
    """Status and body of one answer."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


class Endpoint:
    """One instance; its answers carry `X-Version: NUMBER`. Keeps its port over restarts. `options`: of weir-origin."""

    def __init__(self, stage, number, host="127.0.0.1", port=0, options=()):
        self.stage, self.number, self.host, self.port, self.options = stage, number, host, port, options
        self.name = f"endpoint{number}"
        self.begin()
        self.finish()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def begin(self):
        command = [need_binary("weir-origin"), "--address", self.host, "--port", str(self.port), "--name", self.name,
                   "--version-header", str(self.number), *self.options]
        self.process = self.stage.start(self.name, LOAD_CPU, command)

    def finish(self):
        """Waits until it listens."""
        ready = self.stage.wait_for_text(self.name, "weir-origin ready", self.process)
        found = re.search(r'"address":"[\d.]+:(\d+)"', ready)
        if not found:
            raise Failure(f"weir-origin did not say where it listens: {ready}")
        self.port = int(found.group(1))

    def kill(self):
        """Gone, and reaped: the port is free afterwards."""
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.begin()
        self.finish()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def misbehave(self, fault):
        status, _ = ask(self.port, "PUT", f"/fault/{fault}", self.host)
        if status != 200:
            raise Failure(f"weir-origin has no fault {fault}")

    def change(self, **behaviour):
        """What it does to all requests from now on: fail_percent, slow_factor and the like."""
        query = "&".join(f"{name}={value}" for name, value in behaviour.items())
        status, body = ask(self.port, "PUT", f"/control?{query}", self.host, CHANGED_WITHIN_S)
        if status != 200:
            raise Failure(f"weir-origin: {body.decode().strip()}")

    def seen(self):
        """Requests that reached it."""
        return json.loads(ask(self.port, "GET", "/stats", self.host)[1])["requests"]
