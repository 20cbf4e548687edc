"""Processes of a comparison: started on loopback, measured through /proc, and stopped by their ids."""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("WEIR_BENCH_BIN", ROOT / "build/release/bin"))
os.environ["PATH"] += ":/usr/sbin"  # where Debian has nginx and HAProxy; not in every user's PATH


class Failure(Exception):
    """Something that ends the comparison; the text says what to do."""


def need_program(name, package=None):
    found = shutil.which(name)
    if not found:
        raise Failure(f"needs {name}: apt install {package or name}")
    return found


def need_binary(name):
    path = BIN / name
    if not os.access(path, os.X_OK):
        raise Failure(f"no {path}: cmake --preset release && cmake --build --preset release --target {name}")
    return str(path)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tree(pid):
    """The process and its children, ids."""
    found, todo = [], [pid]
    while todo:
        each = todo.pop()
        found.append(each)
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                todo += [int(child) for child in Path(f"/proc/{each}/task/{task}/children").read_text().split()]
        except FileNotFoundError:
            pass
    return found


def cpu_ns(pid):
    """CPU time that a process tree has used so far, user and system, all threads."""
    total = 0
    for each in tree(pid):
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                total += int(Path(f"/proc/{each}/task/{task}/schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass
    return total


def rss_kib(pid):
    """Resident memory of a process tree."""
    total = 0
    for each in tree(pid):
        for line in Path(f"/proc/{each}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total


def open_files(pid):
    """File descriptors of a process tree."""
    return sum(len(os.listdir(f"/proc/{each}/fd")) for each in tree(pid))


class Stage:
    """A work directory and the processes of one scenario; both are gone when it ends."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
        self.processes = []
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder)

    def start(self, name, cpus, command):
        """Starts `command` on the CPUs; its output is in NAME.out and NAME.err."""
        with open(self.folder / f"{name}.out", "wb") as out, open(self.folder / f"{name}.err", "wb") as err:
            pinned = ["taskset", "-c", cpus, *command]
            process = subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.processes.append(process)
        return process

    def wait_for_text(self, name, text, process):
        """The output of `name` once it holds `text`; at most ten seconds."""
        for _ in range(200):
            output = (self.folder / f"{name}.out").read_text()
            if text in output:
                return output
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise Failure(f"{name} did not start:\n{(self.folder / f'{name}.err').read_text()}")

    def wait_for_port(self, name, port, process):
        """Until something accepts on the port; at most ten seconds."""
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if process.poll() is not None:
                    break
                time.sleep(0.05)
        raise Failure(f"{name} does not listen:\n{(self.folder / f'{name}.err').read_text()}")


def output_of(command):
    """What `command` prints; empty when it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def package_of(program):
    """The Debian package and version that a program is of."""
    owner = output_of(["dpkg-query", "-S", need_program(program)]).partition(":")[0]
    version = output_of(["dpkg-query", "-W", "-f=${Version}", owner]) if owner else ""
    return f"Debian's package {owner} {version}" if version else "not of a Debian package"


def build_of_weir():
    """Compiler, flags and profile, as the binaries' CMake folder has them."""
    cache = BIN.parent / "CMakeCache.txt"
    found = dict(re.findall(r"(?m)^(CMAKE_CXX_COMPILER|CMAKE_CXX_FLAGS_RELEASE|WEIR_PROFILE):\w+=(.*)$",
                            cache.read_text() if cache.exists() else ""))
    if len(found) < 3:
        return "built in an unknown way"
    profile = Path(found["WEIR_PROFILE"]).name
    profiled = f" -fprofile-use={profile}" if profile not in ("", "OFF") else ""
    return f"{Path(found['CMAKE_CXX_COMPILER']).name} {found['CMAKE_CXX_FLAGS_RELEASE']}{profiled}"


def git(*arguments):
    return output_of(["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments])


def is_dirty():
    """Whether tracked files are changed."""
    return git("status", "--porcelain", "-uno") != ""


def source():
    """Which source and which binary are measured."""
    return {"head": git("rev-parse", "HEAD"), "dirty": is_dirty(),
            "weir_sha256": hashlib.sha256(Path(need_binary("weir")).read_bytes()).hexdigest()}


def facts():
    """What machine this is."""
    model, memory = "unknown", 0
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            memory = round(int(line.split()[1]) / 1024 / 1024)
    system = next((line.split("=", 1)[1].strip('"') for line in Path("/etc/os-release").read_text().splitlines()
                   if line.startswith("PRETTY_NAME=")), "unknown")
    return {"cpu": model, "cpus": os.cpu_count(), "memory_gib": memory, "kernel": os.uname().release,
            "system": system}
