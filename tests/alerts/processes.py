"""Programs that the test starts, each stopped by its own process id, and waiting for what they do."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 120


class Failure(Exception):
    pass


def wait_for(what, found, seconds=WAIT_SECONDS):
    """Looks until `found` gives something, for at most `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen = found()
        if seen:
            return seen
        time.sleep(0.05)
    raise Failure(f"{what}: not seen in {seconds} s")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(address, path, method="GET"):
    request = urllib.request.Request(f"http://{address}{path}", method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def answers(address, path):
    try:
        return ask(address, path) or True
    except (urllib.error.URLError, OSError):
        return None


class Program:
    """What it writes is in `folder`/NAME.log, except its first line where `line` says that it has one to read."""

    def __init__(self, folder, name, *command, line=False, cwd=None):
        self.name = name
        self.log = Path(folder) / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE if line else log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd=cwd)
        self.line = self.process.stdout.readline().decode() if line else ""
        if line and not self.line:
            raise Failure(f"{name} did not start:\n{self.log.read_text()[-2000:]}")

    def end(self, how=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=30)
        if self.process.stdout:
            self.process.stdout.close()


class Origin(Program):
    def __init__(self, binaries, folder, name, port=0):
        super().__init__(folder, name, str(binaries / "weir-origin"), "--port", str(port), "--name", name, line=True)
        self.address = next(word for word in self.line.replace('"', " ").split() if word.startswith("127.0.0.1:"))
        self.port = int(self.address.rpartition(":")[2])

    def put(self, path):
        ask(self.address, path, "PUT")


class Weir(Program):
    """A Weir on ports that stay the same when it is started anew."""

    def __init__(self, binaries, folder, name, config):
        self.binary = str(binaries / "weir")
        self.config = Path(folder) / f"{name}.yaml"
        self.config.write_text(config)
        super().__init__(folder, name, self.binary, "run", "-c", str(self.config), line=True)
        facts = json.loads(self.line.removeprefix("weir ready "))
        self.admin = facts["admin"]
        self.listeners = facts["listeners"]

    def command(self, *words, status=0):
        """`weir WORDS`, asked of this one's admin address; ends with `status`."""
        done = subprocess.run([self.binary, *words, "--admin", self.admin], capture_output=True, text=True, timeout=60)
        if done.returncode != status:
            raise Failure(f"weir {' '.join(words)}: exit {done.returncode}, not {status}: {done.stdout}{done.stderr}")
        return done.stdout


def certificate(folder, name, days):
    """A self-signed pair that lasts `days`, written in place of what was there."""
    subject = f"{name}.test"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", str(Path(folder) / f"{name}.key"), "-out", str(Path(folder) / f"{name}.pem"),
                    "-days", str(days), "-subj", f"/CN={subject}", "-addext", f"subjectAltName=DNS:{subject}"],
                   check=True, capture_output=True)


def binaries_folder():
    return Path(os.environ.get("WEIR_BIN_FOLDER", ROOT / "build/dev/bin"))
