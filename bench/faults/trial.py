"""One scenario with one proxy: endpoints, proxy and load are started afresh, the fault comes and goes, and what the
clients and the endpoints saw of it becomes one row."""

import json
import signal
import time
from dataclasses import dataclass

from comparison.machine import Stage, free_port, need_binary

from .dns import TTL_S, DnsServer
from .endpoints import LOAD_CPU, Endpoint
from .proxies import PROXIES, wait_for_answer
from .scenarios import DNS

ENDPOINTS = 5
BACK_WITHIN_S = 8.0  # that long an endpoint's return is waited for
WINDOW_S = 0.1       # of the load's series
WINDOWS = 5          # what an endpoint's share is judged by
POLL_S = 0.05


@dataclass(frozen=True)
class Settings:
    fault_s: float = 6.0
    warm_up_s: float = 1.5
    rest_s: float = 0.5
    connections: int = 64


@dataclass(frozen=True)
class Window:
    """A tenth of a second, as steady_load reports it."""

    end: float  # seconds since the epoch
    good: int
    failed: int
    begun: int  # failed after part of the response was there
    by_endpoint: tuple

    def within(self, begin, end):
        """How much of it lies between these times, 0 to 1."""
        return max(0.0, min(self.end, end) - max(self.end - WINDOW_S, begin)) / WINDOW_S

    @staticmethod
    def parse(line):
        words = line.split()
        return Window(int(words[0]) / 1000, *map(int, words[1:4]), tuple(map(int, words[5:])))


class Load:
    """steady_load with these options."""

    def __init__(self, stage, port, *options, name="load"):
        self.stage, self.name, self.series = stage, name, stage.folder / f"{name}.series"
        self.process = stage.start(name, LOAD_CPU, [need_binary("steady_load"), "--port", str(port), "--series",
                                                    str(self.series), *options])

    def windows(self):
        if not self.series.exists():
            return []
        return [Window.parse(line) for line in self.series.read_text().split("\n")[:-1]]

    def stop(self):
        """The summary."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        return json.loads((self.stage.folder / f"{self.name}.out").read_text().splitlines()[-1])


def rounded(seconds):
    return None if seconds is None else round(max(0.0, seconds), 1)


def back_at(windows, healed):
    """When endpoint 1 first gave a tenth of all good answers again: half of a fair share."""
    after = [window for window in windows if window.end > healed]
    for last in range(WINDOWS, len(after) + 1):
        seen = after[last - WINDOWS:last]
        good, own = sum(each.good for each in seen), sum(each.by_endpoint[0] for each in seen)
        if good and own * 10 >= good:
            return seen[-1].end
    return None


def classed(summary, windows, none_left_until):
    """Failed requests by what could have been done about them."""
    begun = sum(each.begun for each in windows)
    none_left = sum(each.failed - each.begun for each in windows
                    if each.end - WINDOW_S <= none_left_until)
    return {"begun": begun, "none_left": none_left, "avoidable": max(0, summary["failed"] - begun - none_left)}


def seen_by(endpoints):
    return sum(each.seen() for each in endpoints)


def row(proxy, scenario, load, facts, span, none_left_until=0.0):
    """What all scenarios report. `span`: when the fault began and ended; `facts`: what is known besides."""
    summary = load.stop()
    proxy.stop()
    windows = load.windows()
    asked = round(sum((each.good + each.failed) * each.within(*span) for each in windows))
    result = {"scenario": scenario.name, "proxy": proxy.name, **summary, **classed(summary, windows, none_left_until),
              "out_s": None, "back_s": None, "load_on_rest": None, "retries": proxy.retries(), "asked": asked,
              **facts}
    result["attempts_per_request"] = round(1 + result["retries"] / asked, 3) if asked else None
    seen = result.pop("seen_by_rest", None)
    if seen is not None and asked:
        result["load_on_rest"] = round(seen / asked, 3)
    return result


def watch(scenario, proxy, endpoints, began, settings):
    """While the fault lasts. When endpoint 1 was first out; None: never."""
    out = None
    while (elapsed := time.time() - began) < settings.fault_s:
        scenario.tick(endpoints, elapsed)
        if out is None and proxy.is_out(endpoints[0]):
            out = time.time()
        time.sleep(POLL_S)
    return out


def run(proxy_name, scenario, settings):
    if scenario.name == DNS:
        return run_dns(proxy_name, scenario, settings)
    with Stage() as stage:
        endpoints = [Endpoint(stage, number) for number in range(1, ENDPOINTS + 1)]
        rest = [] if scenario.all_endpoints else endpoints[1:]
        proxy = PROXIES[proxy_name](stage, endpoints)
        wait_for_answer(proxy)
        load = Load(stage, proxy.port, "--connections", str(settings.connections))
        time.sleep(settings.warm_up_s)
        before = seen_by(rest)
        began = time.time()
        scenario.begin(endpoints)
        try:
            out = watch(scenario, proxy, endpoints, began, settings)
            seen = seen_by(rest) - before
        finally:
            healed = time.time()
            scenario.end(endpoints)
        until, back = time.time() + BACK_WITHIN_S, None
        none_left_until = time.time() if scenario.all_endpoints else 0.0
        while back is None and time.time() < until:
            time.sleep(2 * POLL_S)
            back = back_at(load.windows(), healed)
        time.sleep(settings.rest_s)
        facts = {"out_s": rounded(out and out - began), "back_s": rounded(back and back - healed)}
        if rest:
            facts["seen_by_rest"] = seen
        return row(proxy, scenario, load, facts, (began, healed), none_left_until)


def run_dns(proxy_name, scenario, settings):
    """`out_s`: until nothing came from the old addresses any more; `back_s`: until both new ones served."""
    with Stage() as stage:
        port = free_port()
        endpoints = [Endpoint(stage, number, f"127.0.0.{10 + number}", port) for number in range(1, ENDPOINTS + 3)]
        old, kept, new = endpoints[:2], endpoints[2:ENDPOINTS], endpoints[ENDPOINTS:]
        with DnsServer([each.host for each in old + kept]) as dns:
            proxy = PROXIES[proxy_name](stage, endpoints, dns)
            wait_for_answer(proxy)
            load = Load(stage, proxy.port, "--connections", str(settings.connections))
            time.sleep(settings.warm_up_s + TTL_S)  # all addresses are known
            before = seen_by(kept + new)
            changed = time.time()
            dns.addresses = [each.host for each in kept + new]
            time.sleep(min(2 * TTL_S, 0.75 * settings.fault_s))
            for endpoint in old:
                endpoint.kill()
            time.sleep(max(0.0, changed + settings.fault_s - time.time()))
            seen, ended = seen_by(kept + new) - before, time.time()
            time.sleep(settings.rest_s)
            facts = {"seen_by_rest": seen, **moved(load.windows(), changed)}
            return row(proxy, scenario, load, facts, (changed, ended))


def moved(windows, changed):
    after = [each for each in windows if each.end > changed]
    used = [each.end for each in after if each.by_endpoint[0] + each.by_endpoint[1] > 0]
    served = [next((each.end for each in after if each.by_endpoint[index] > 0), None) for index in (5, 6)]
    return {"out_s": rounded(max(used, default=changed) - changed),
            "back_s": None if None in served else rounded(max(served) - changed)}
