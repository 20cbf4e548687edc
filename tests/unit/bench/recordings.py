"""Recordings made up for the tests of what bench/ reports."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bench"))


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
