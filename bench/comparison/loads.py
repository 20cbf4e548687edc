"""The loads: each runs one proxy and returns what came of it."""

import json
import re
import resource
import subprocess
import time

from .machine import Failure, cpu_ns, need_binary, need_program, open_files, rss_kib

STUCK_AFTER_S = 10  # beyond the time that a load is for
ATTEMPTS = 3
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


def load_cpus(scenario):
    return "1" if scenario.workers == 1 else "0,1"


class Stuck(Failure):
    """A load that does not end."""


def run(scenario, command, within_s=None):
    try:
        done = subprocess.run(["taskset", "-c", load_cpus(scenario), *command], capture_output=True, text=True,
                              check=False, timeout=within_s)
    except subprocess.TimeoutExpired as expired:
        raise Stuck(f"{command[0]} has not ended after {within_s} s") from expired
    if done.returncode != 0:
        raise Failure(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()
    return float(number) * UNITS_MS[unit]


def requests_of(proxy, number, output):
    """The number, which is not zero: nothing can be said of a request then."""
    if number == 0:
        raise Failure(f"{proxy.name} answered no request:\n{output}")
    return number


def wrk(proxy, scenario, seconds):
    command = [need_program("wrk"), "-t1", f"-c{scenario.connections}", f"-d{seconds}s", "--latency"]
    if scenario.body_bytes:
        script = proxy.stage.folder / "post.lua"
        script.write_text(f'wrk.method = "POST"\nwrk.body = string.rep("x", {scenario.body_bytes})\n')
        command += ["-s", str(script)]
    report = run(scenario, [*command, f"{scenario.scheme}://127.0.0.1:{proxy.port}{scenario.path}"])
    requests = requests_of(proxy, int(re.search(r"(\d+) requests in", report).group(1)), report)
    errors = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", report))
    errors += sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", report))
    return {"requests": requests, "errors": errors,
            "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", report).group(1)),
            "p99_ms": milliseconds(re.search(r"(?m)^\s*99%\s+(\S+)", report).group(1))}


def h2load(proxy, scenario, seconds):
    """Answers are counted by their bytes: where each is large, what came of the last ones before the end counts.
    h2load goes on for ever when its time was over before a handshake was: on a machine that is very busy."""
    log = proxy.stage.folder / "h2load.log"
    log.unlink(missing_ok=True)  # it appends
    report = run(scenario, [
        need_program("h2load", "nghttp2-client"), "-t1", f"-c{scenario.connections}", f"-m{scenario.streams}",
        f"-D{seconds}", f"--log-file={log}", *(grpc_call(proxy, scenario) if scenario.grpc else []),
        f"{scenario.scheme}://127.0.0.1:{proxy.port}{scenario.path}"], seconds + STUCK_AFTER_S)
    spoken = re.search(r"Application protocol: (\S+)", report)
    if spoken and spoken.group(1) not in ("h2", "h2c"):
        raise Failure(f"{proxy.name} speaks {spoken.group(1)} in place of HTTP/2:\n{report}")
    body_bytes = int(re.search(r"(\d+)\) data$", report, re.M).group(1))
    each = scenario.body_bytes if scenario.grpc else int(scenario.path.rpartition("/")[2])
    requests_of(proxy, int(re.search(r"(\d+) succeeded", report).group(1)), report)
    requests = body_bytes // each
    return {"requests": requests, "errors": int(re.search(r"(\d+) failed", report).group(1)),
            "requests_per_second": requests / seconds, "p99_ms": p99_ms(log.read_text())}


def grpc_call(proxy, scenario):
    """What makes a request a call with one message: five bytes in front of it, and two fields."""
    message = proxy.stage.folder / "message"
    size = scenario.body_bytes - 5
    message.write_bytes(b"\0" + size.to_bytes(4, "big") + b"x" * size)
    return [f"--data={message}", "--header=content-type: application/grpc", "--header=te: trailers"]


def p99_ms(log):
    """Of the last column of h2load's log, the microseconds of each request."""
    durations = sorted(int(line.rpartition("\t")[2]) for line in log.splitlines())
    return durations[(len(durations) - 1) * 99 // 100] / 1000


def handshakes(proxy, scenario, seconds):
    resumed = scenario.load == "resumed"
    command = [need_binary("handshakes"), "--port", str(proxy.port), "--seconds", str(seconds), "--path", scenario.path]
    output = run(scenario, command + (["--resume"] if resumed else []))
    facts = json.loads(output)
    requests_of(proxy, facts["requests"], output)
    if resumed and facts["resumed"] < 0.95 * facts["requests"]:
        raise Failure(f"{proxy.name} resumed only {facts['resumed']} of {facts['requests']} sessions")
    return {"requests": facts["requests"], "errors": facts["failed"],
            "requests_per_second": facts["requests"] / facts["seconds"], "p99_ms": facts["p99_ms"]}


def idle(proxy, scenario, _seconds):
    """KiB by which the process tree grew for each connection that is held idle. All have to be: the clients fail when
    one is closed, and the proxy has to have as many descriptors."""
    command = ["taskset", "-c", load_cpus(scenario), need_binary("idle_clients"), "--port", str(proxy.port)]
    if scenario.tls:
        command.append("--tls")
    if scenario.http2:
        command.append("--http2")
    grown = 0.0
    for count in (100, scenario.connections):  # code, caches and pools that any traffic needs come with the first
        before = rss_kib(proxy.pid)
        clients = subprocess.Popen([*command, "--connections", str(count)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        if clients.stdout.readline() != f"idle {count}\n":
            raise Failure(f"{proxy.name} does not take {count} connections")
        time.sleep(1)  # what was borrowed for the last requests goes back
        grown, held = (rss_kib(proxy.pid) - before) / count, open_files(proxy.pid)
        clients.stdin.close()
        if clients.wait(60) != 0 or held < count:
            raise Failure(f"{proxy.name} did not hold {count} idle connections: it had {held} open files")
        time.sleep(1)
    if grown <= 0:
        raise Failure(f"the memory of {proxy.name} did not grow with its connections")
    return {"kib_per_connection": grown, "errors": 0}


LOADS = {"wrk": wrk, "h2load": h2load, "handshakes": handshakes, "resumed": handshakes, "idle": idle}


def own_seconds():
    """CPU time of the loads that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def until_it_ends(work):
    """What `work` returns; again where its load got stuck."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except Stuck:
            pass
    return work()


def measure(proxy, scenario, seconds):
    """One round: the load's facts and, but for idle connections, the proxy's CPU microseconds per request and the
    shares of a CPU that proxy and load used."""
    return until_it_ends(lambda: measure_once(proxy, scenario, seconds))


def measure_once(proxy, scenario, seconds):
    before, own_before, begun = cpu_ns(proxy.pid), own_seconds(), time.monotonic()
    facts = LOADS[scenario.load](proxy, scenario, seconds)
    if "requests" in facts:
        used, elapsed = cpu_ns(proxy.pid) - before, time.monotonic() - begun
        facts["cpu_us"] = used / 1000 / facts["requests"]
        facts["proxy_share"] = used / 1e9 / elapsed
        facts["load_share"] = (own_seconds() - own_before) / elapsed
    return facts
