"""Ratios between proxies that took part in the same rounds.

A shared machine changes its speed for seconds or minutes, so that medians of single proxies may compare a fast time of
one with a slow time of another. In a round the proxies follow each other directly: the ratio within a round is fair,
and the median of these over all rounds is what a comparison says. The quartiles beside it show how firmly."""

import statistics
from dataclasses import dataclass

RIVALS = ("nginx", "haproxy", "nghttpx")  # the best one of those in a job is what Weir is compared with


@dataclass(frozen=True)
class Ratio:
    """Median and quartiles of the ratios of single rounds."""

    median: float
    low: float
    high: float

    def __str__(self):
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def median_of(rounds, key):
    return statistics.median(each[key] for each in rounds)


def summary(values):
    if len(values) == 1:
        return Ratio(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Ratio(median, low, high)


def paired(proxies, one, other, key):
    """`one` over `other`, round by round; None when one of them was not measured."""
    if not proxies.get(one) or not proxies.get(other):
        return None
    rounds = zip(proxies[one], proxies[other], strict=True)
    return summary([mine[key] / theirs[key] for mine, theirs in rounds])


def against(proxies, other, key):
    """Weir over `other`, where `best` is the best of the rivals, as (name, Ratio); None without them.

    The best one is chosen once for all rounds: the one whose own cost, paired with Weir's, is the smallest in the
    median, which is the one that Weir looks worst against. The minimum of each round would be that of a proxy that does
    not exist, made of the lucky rounds of several."""
    if other != "best":
        ratio = paired(proxies, "weir", other, key)
        return None if ratio is None else (other, ratio)
    found = [(name, paired(proxies, "weir", name, key)) for name in RIVALS]
    found = [each for each in found if each[1] is not None]
    return max(found, key=lambda each: each[1].median, default=None)
