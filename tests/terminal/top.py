#!/usr/bin/env python3
"""`weir top` in a terminal of tmux: pages at 80x24 and 200x50, a resize, a drain that is confirmed with its reason, a
server that is killed under it and one that takes its place. `WEIR_BIN_FOLDER` has the binaries; `--screens
FOLDER` keeps what was shown as text. Ends with 77 where tmux is not installed: the test is skipped."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SKIPPED = 77
ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 30

CONFIG = """
server: {{ workers: 2 }}
admin: {{ address: {admin} }}
log: {{ access: {{ enabled: false }} }}
listeners: {{ http: {{ address: 127.0.0.1:0 }} }}
upstreams:
  blue: {{ endpoints: [{blue}, {spare}] }}
  green: {{ endpoints: [{green}] }}
routes:
  - name: api
    match: {{ path_prefix: / }}
    split: {{ targets: [{{ upstream: blue, weight: 90 }}, {{ upstream: green, weight: 10 }}] }}
"""


class Failure(Exception):
    pass


def wait_for(what, found):
    """Looks until `found` gives something, for at most WAIT_SECONDS."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        seen = found()
        if seen:
            return seen
        time.sleep(0.05)
    raise Failure(f"{what}: not seen in {WAIT_SECONDS} s")


class Process:
    """A program that says where it listens in its first line."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.line = self.process.stdout.readline()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Origin(Process):
    def __init__(self, binary, name):
        super().__init__(binary, "--port", "0", "--name", name)
        self.address = next(word for word in self.line.replace('"', " ").split() if word.startswith("127.0.0.1:"))


class Weir(Process):
    def __init__(self, binary, folder, origins, admin="127.0.0.1:0"):
        config = Path(folder) / "weir.yaml"
        blue, spare, green = (origin.address for origin in origins)
        config.write_text(CONFIG.format(admin=admin, blue=blue, spare=spare, green=green))
        super().__init__(binary, "run", "-c", str(config))
        facts = json.loads(self.line.removeprefix("weir ready "))
        self.admin = facts["admin"]
        self.http = facts["listeners"]["http"]

    def ask(self, path):
        with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=10) as answer:
            return json.load(answer)

    def request(self):
        with urllib.request.urlopen(f"http://{self.http}/", timeout=10) as answer:
            answer.read()


class Terminal:
    """A session of tmux on a socket of its own."""

    def __init__(self, folder, command, columns, rows):
        self.tmux = ["tmux", "-S", str(Path(folder) / "tmux"), "-f", "/dev/null"]
        line = f"{command}; echo ended with $?; exec sleep 600"
        environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "screen-256color"}
        subprocess.run([*self.tmux, "new-session", "-d", "-x", str(columns), "-y", str(rows), line], check=True,
                       env=environment)

    def text(self):
        return subprocess.run([*self.tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True).stdout

    def keys(self, *keys):
        subprocess.run([*self.tmux, "send-keys", *keys], check=True)

    def type(self, text):
        subprocess.run([*self.tmux, "send-keys", "-l", text], check=True)

    def resize(self, columns, rows):
        subprocess.run([*self.tmux, "resize-window", "-x", str(columns), "-y", str(rows)], check=True)

    def wait_for(self, *texts):
        try:
            wait_for(texts, lambda: all(text in self.text() for text in texts))
        except Failure as failure:
            raise Failure(f"{failure}; the screen:\n{self.text()}") from None

    def end(self):
        subprocess.run([*self.tmux, "kill-server"], check=False, capture_output=True)


def keep(folder, name, text):
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.txt").write_text(text)


def watch(terminal, weir, screens):
    terminal.wait_for("1*overview", "No problems.", "blue", "2 of 2")
    wait_for("a request in the figures", lambda: weir.request() or "requests/s" in terminal.text())
    keep(screens, "overview-80x24", terminal.text())
    terminal.keys("2")
    terminal.wait_for("2*upstreams", "ENDPOINT", "healthy")
    keep(screens, "upstreams-80x24", terminal.text())
    terminal.resize(200, 50)
    terminal.wait_for("WHY", "least connections, http1")
    if terminal.text().count("\n") != 50:
        raise Failure("the screen has not 50 lines")
    keep(screens, "upstreams-200x50", terminal.text())
    terminal.keys("1")
    terminal.wait_for("LAST MINUTE")
    keep(screens, "overview-200x50", terminal.text())
    terminal.resize(30, 6)
    terminal.wait_for("weir")
    terminal.resize(80, 24)
    terminal.keys("3")
    terminal.wait_for("green", "10 %")
    keep(screens, "routes-80x24", terminal.text())
    terminal.keys("7")
    terminal.wait_for("OF THE BUSIEST")
    keep(screens, "workers-80x24", terminal.text())


def drain(terminal, weir):
    terminal.keys("2")
    terminal.wait_for("ENDPOINT")
    terminal.keys("Down", "F10")
    terminal.wait_for("Drain blue/", "Reason:")
    terminal.type("a new disk")
    terminal.keys("Enter")
    terminal.wait_for("done: weir endpoint drain blue", "drain ")
    endpoints = [one for upstream in weir.ask("/api/v1/upstreams")["upstreams"] for one in upstream["endpoints"]]
    if [one["state"] for one in endpoints] != ["drain", "healthy", "healthy"]:
        raise Failure(f"not drained: {endpoints}")
    entry = weir.ask("/api/v1/audit")["audit"][0]
    if entry["action"] != "endpoint_set" or entry["reason"] != "a new disk":
        raise Failure(f"not in the audit: {entry}")
    terminal.keys("F9")
    terminal.wait_for("Enable blue/")
    terminal.keys("Enter")
    terminal.wait_for("done: weir endpoint enable blue")


def shift(terminal, weir):
    terminal.keys("3")
    terminal.wait_for("ROUTE")
    terminal.keys("End", "+")
    terminal.wait_for("green from 10 % to 15 %")
    terminal.keys("Enter")
    terminal.wait_for("done: weir split set api")
    shares = [target["share"] for target in weir.ask("/api/v1/splits")["splits"][0]["targets"]]
    if shares != [0.85, 0.15]:
        raise Failure(f"the weights are not changed: {shares}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screens")
    screens = parser.parse_args().screens
    if shutil.which("tmux") is None:
        print("skipped: there is no tmux (deploy/packages.sh page, or apt install tmux)")
        return SKIPPED
    binaries = Path(os.environ.get("WEIR_BIN_FOLDER", ROOT / "build/dev/bin"))
    weir_binary, origin_binary = str(binaries / "weir"), str(binaries / "weir-origin")
    running, terminal = [], None
    with tempfile.TemporaryDirectory(prefix="weir-top-") as folder:
        try:
            origins = [Origin(origin_binary, name) for name in ("blue-1", "blue-2", "green-1")]
            running += origins
            weir = Weir(weir_binary, folder, origins)
            running.append(weir)
            terminal = Terminal(folder, f"{weir_binary} top --admin {weir.admin}", 80, 24)
            watch(terminal, weir, screens)
            drain(terminal, weir)
            shift(terminal, weir)
            weir.kill()
            terminal.wait_for(" OLD: ")
            keep(screens, "lost-80x24", terminal.text())
            again = Weir(weir_binary, folder, origins, weir.admin)
            running.append(again)
            wait_for("the next process", lambda: " OLD: " not in terminal.text())
            terminal.keys("q")
            terminal.wait_for("ended with 0")
            print("top: pages, sizes, drain, weights, a server that was killed and its successor: as they should be")
            return 0
        except Failure as failure:
            print(f"FAILED: {failure}")
            return 1
        finally:
            if terminal:
                terminal.end()
            for process in running:
                process.kill()


if __name__ == "__main__":
    sys.exit(main())
