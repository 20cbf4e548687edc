"""What the tests of deploy/ share: files of this tree, configurations as Weir merges them, a running Weir, and volumes
as kubelet makes them."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BINARIES = Path(os.environ.get("WEIR_BIN_FOLDER", ROOT / "build/dev/bin"))
WAIT_SECONDS = 30
TOKEN = "a-token-of-the-tests"
USER = 65532
VERSION = re.search(r"project\(weir VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]


def program(name):
    found = shutil.which(name)
    if not found:
        raise unittest.SkipTest(f"{name} is not installed")
    return found


def output_of(*command, **options):
    """What a command prints; an error with all of its words where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    if done.returncode != 0:
        words = f"{' '.join(map(str, command))}: exit status {done.returncode}"
        raise AssertionError(f"{words}\n{done.stdout}{done.stderr}")
    return done.stdout


def wait_for(what, found):
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        seen = found()
        if seen:
            return seen
        time.sleep(0.02)
    raise AssertionError(f"{what}: not seen in {WAIT_SECONDS} s")


def merged(*texts):
    """The layers laid on each other as Weir does it: maps merge, the rest is replaced."""
    def lay(below, above):
        if not (isinstance(below, dict) and isinstance(above, dict)):
            return above
        both = {key: lay(below[key], above[key]) for key in below.keys() & above.keys()}
        return below | above | both

    result = {}
    for text in texts:
        result = lay(result, yaml.safe_load(text))
    return result


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", str(text)).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def shutdown_seconds(config):
    server = config.get("server", {})
    return seconds(server.get("shutdown_delay", "0s")) + seconds(server.get("shutdown_timeout", "30s"))


def port_of(address):
    return int(re.sub(r"\$\{PORT:-(\d+)\}", r"\1", address).rsplit(":", 1)[1])


def ports_of(config):
    """Each port that Weir listens on, by the name of its listener; `admin` where it is not on loopback alone."""
    ports = {name: port_of(listener["address"]) for name, listener in config["listeners"].items()}
    admin = config.get("admin", {}).get("address", "127.0.0.1:9900")
    if not admin.startswith("127."):
        ports["admin"] = port_of(admin)
    return ports


def variables_of(text):
    """Names of variables that have to be set for this configuration; those in comments do not count."""
    lines = [line.split("#")[0] for line in text.splitlines()]
    return set(re.findall(r"\$\{(\w+)\}", "\n".join(lines)))


def certificate(folder, name):
    """A new certificate for localhost in tls.crt and tls.key; its own CA."""
    cert, key = Path(folder) / "tls.crt", Path(folder) / "tls.key"
    output_of("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
              "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key),
              "-out", str(cert))
    key.chmod(0o644)
    return cert.read_text(), key.read_text()


class Volume:
    """A ConfigMap or a Secret as kubelet mounts it: files are links into `..data`, a link to a folder for each
    version, which another link replaces in one step."""

    def __init__(self, folder, files):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.version = 0
        self.publish(files)

    def publish(self, files):
        self.version += 1
        old = os.readlink(self.folder / "..data") if self.version > 1 else None
        new = f"..2026_11_30_12_00_00.{self.version}"
        (self.folder / new).mkdir()
        for name, text in files.items():
            (self.folder / new / name).write_text(text)
        (self.folder / "..data_tmp").symlink_to(new)
        (self.folder / "..data_tmp").rename(self.folder / "..data")
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        if old:
            shutil.rmtree(self.folder / old)


def confined():
    """What runs a program as the pod's securityContext does: a user of its own without rights, the root file system
    read-only but for the folder in $WRITABLE. Nothing where this machine does not let us."""
    script = ('mount --make-rprivate / && mount --bind "$WRITABLE" "$WRITABLE" && mount -o remount,bind,ro / && '
              f'exec setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs --inh-caps=-all '
              '--bounding-set=-all "$@"')
    command = ["unshare", "-m", "sh", "-c", script, "sh"]
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run([*command, "true"], capture_output=True, env={**os.environ, "WRITABLE": folder})
    return command if tried.returncode == 0 else []


class Process:
    """A program that says where it listens in its first line."""

    def __init__(self, *command, **options):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True, **options)
        self.line = self.process.stdout.readline()
        if not self.line:
            raise AssertionError(f"{' '.join(map(str, command))}: {self.words()}")

    def words(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


class Origin(Process):
    def __init__(self):
        super().__init__(BINARIES / "weir-origin", "--port", "0", "--name", "app")
        self.address = next(word for word in self.line.replace('"', " ").split() if word.startswith("127.0.0.1:"))


class Weir(Process):
    """`weir run` with ports that the kernel chooses, but for those of `fixed`."""

    def __init__(self, files, environment, writable=None, watch=True, fixed=(), listeners=("http", "https")):
        free = [f"LISTENERS__{name.upper()}" for name in listeners if name not in fixed] + ["ADMIN"]
        chosen = {f"WEIR__{part}__ADDRESS": "127.0.0.1:0" for part in free}
        chosen["WEIR__LOG__LEVEL"] = "info"
        wrapper = confined() if writable else []
        arguments = [part for file in files for part in ("-c", str(file))]
        super().__init__(*wrapper, BINARIES / "weir", "run", *(["--watch"] if watch else []), *arguments,
                         env={"PATH": os.environ["PATH"], "WRITABLE": str(writable), **chosen, **environment})
        self.wrapped = bool(wrapper)
        facts = json.loads(self.line.removeprefix("weir ready "))
        self.admin, self.listeners = facts["admin"], facts["listeners"]

    def ask(self, path, token=None):
        """Status and text of an answer of the admin address."""
        request = urllib.request.Request(f"http://{self.admin}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        return answer_of(request)

    def metric(self, name):
        text = self.ask("/metrics", TOKEN)[1]
        return float(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))


def answer_of(request, ca=None):
    context = ssl.create_default_context(cadata=ca) if ca else None
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
