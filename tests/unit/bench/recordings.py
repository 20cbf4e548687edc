"""Recordings made up for the tests of what bench/ reports."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench"))


def program(name):
    """A program of bench/ as a module."""
    loader = SourceFileLoader(f"bench_{name}", str(ROOT / "bench" / name))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def rounds(*cpu_us, p99_ms=1.0, errors=0):
    """Rounds of one proxy: their CPU costs, and what else a round has."""
    return [{"requests": 1000, "errors": errors, "requests_per_second": 1000.0, "p99_ms": p99_ms, "cpu_us": cost,
             "proxy_share": 0.9, "load_share": 0.5} for cost in cpu_us]


def idle_rounds(*kib):
    return [{"kib_per_connection": each, "errors": 0} for each in kib]


def recording(**scenarios):
    """A recording with what each scenario's proxies measured."""
    return {"date": "2026-01-02",
            "machine": {"cpu": "a CPU", "cpus": 2, "memory_gib": 8, "kernel": "6.1", "system": "Debian"},
            "source": {"head": "0123456789abcdef", "dirty": False, "weir_sha256": "fedcba9876543210ff"},
            "settings": {"rounds": 3, "seconds": 1}, "versions": {"weir": "weir 1", "nginx": "nginx 1"},
            "scenarios": {name: {"connections": 64, "path": "/", "proxies": proxies}
                          for name, proxies in scenarios.items()}}


def locks(samples=1000, waiting=0):
    return {"workers": 1, "samples": samples, "waiting": waiting, "mutex": 0, "kernel": 0, "places": {},
            "futex_waits_per_1000": 0.0, "kernel_waits_per_1000": 0.0}


def whole(rounds_count=9):
    """A recording of everything that --record measures."""
    # pylint: disable-next=import-outside-toplevel  # this file says where they are
    from comparison import report, scaling, scenarios
    proxies = {}
    for scenario in scenarios.SCENARIOS:
        idle = scenario.load == "idle"
        names = [name for name in report.COLOURS if scenarios.takes_part(name, scenario)]
        names += [scaling.ALONE] if scenario.workers > 1 else []
        proxies[scenario.name] = {name: idle_rounds(1, 1, 1) if idle else rounds(*[1] * rounds_count)
                                  for name in names}
    data = recording(**proxies)
    data["settings"]["rounds"] = rounds_count
    data["scenarios"]["workers2"]["locks"] = {scaling.ALONE: locks(), "weir": locks()}
    return data
