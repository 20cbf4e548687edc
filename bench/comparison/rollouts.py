"""What a running rollout costs: Weir with one beside Weir with the same split left alone, in the same rounds."""

import math

from .proxies import WeirRollout, WeirSplit
from .ratios import median_of, summary

SCENARIOS = ("plain", "full")
BINARIES = ("weir", "weir-origin")
CONTENDERS = (WeirSplit.name, WeirRollout.name)
BOUND = 1.02  # of the CPU time per request


def ratios(rounds):
    """CPU time with a rollout over that without, round by round."""
    both = zip(rounds[WeirRollout.name], rounds[WeirSplit.name], strict=True)
    return [running["cpu_us"] / alone["cpu_us"] for running, alone in both]


def likely(values):
    """Between which of the values their true median lies, in 95 of 100 comparisons: by ranks, whatever the
    distribution is. All of them where there are too few to say."""
    ordered, half = sorted(values), 0.98 * math.sqrt(len(values))
    middle = (len(values) - 1) / 2
    return ordered[max(0, math.floor(middle - half))], ordered[min(len(values) - 1, math.ceil(middle + half))]


def table(data):
    lines = ["| job | split alone, µs | rollout, µs | ratio | median, 95 % | bound | errors |",
             "|---|--:|--:|--:|--:|--:|--:|"]
    for name, result in data["scenarios"].items():
        rounds = result["proxies"]
        found = ratios(rounds)
        low, high = likely(found)
        errors = sum(each["errors"] for contender in CONTENDERS for each in rounds[contender])
        lines.append(f"| `{name}` | {median_of(rounds[WeirSplit.name], 'cpu_us'):.2f} | "
                     f"{median_of(rounds[WeirRollout.name], 'cpu_us'):.2f} | {summary(found).median:.3f} "
                     f"({summary(found).low:.3f}-{summary(found).high:.3f}) | {low:.3f}-{high:.3f} | {BOUND:.2f} | "
                     f"{errors} |")
    return "\n".join(lines)


def misses(data):
    """Where a rollout costs more than the bound, as sentences; and errors."""
    found = []
    for name, result in data["scenarios"].items():
        ratio = summary(ratios(result["proxies"])).median
        if ratio > BOUND:
            found.append(f"`{name}`: with a rollout a request takes {ratio:.3f} times the CPU time; at most "
                         f"{BOUND:.2f} is wanted.")
        for contender in CONTENDERS:
            if errors := sum(each["errors"] for each in result["proxies"][contender]):
                found.append(f"`{name}`: {errors} errors of {contender}.")
    return found
