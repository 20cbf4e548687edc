"""What a recording has to have so that it may be shown."""

from .report import COLOURS
from .scaling import ALONE
from .scenarios import SCENARIOS, takes_part

ROUNDS_MIN, SECONDS_MIN = 9, 9  # of what is recorded: rounds, and seconds of each proxy in all of them
EXTRA = ("asio", "beast")  # shown where they were measured, and not missed where they were not
IDLE_ROUNDS = 3  # memory is the same on a fast and on a slow machine


def missing(data):
    """What a recording has to have, and has not: a commit, and of each scenario all proxies, rounds and locks."""
    source = data.get("source")
    found = [] if source and source["head"] and not source["dirty"] else ["commit that it is of"]
    for scenario in (each for each in SCENARIOS if each.recorded):
        result = data["scenarios"].get(scenario.name, {"proxies": {}})
        measured = result["proxies"]
        wanted = [name for name in COLOURS if takes_part(name, scenario) and name not in EXTRA]
        if scenario.workers > 1:
            wanted.append(ALONE)
        found += [f"{scenario.name} of {name}" for name in wanted if not measured.get(name)]
        rounds = min((len(measured[name]) for name in wanted if measured.get(name)), default=None)
        if rounds is not None:
            found += short_of(scenario, rounds, result.get("seconds", data["settings"]["seconds"]))
        if scenario.workers > 1:
            found += [f"lock samples of {name} in {scenario.name}" for name in (ALONE, "weir")
                      if not whole_locks(result.get("locks", {}).get(name, {}))]
    return found


def short_of(scenario, rounds, seconds):
    """What is too little of a measured job."""
    if scenario.load == "idle":
        return [] if rounds >= IDLE_ROUNDS else [f"{IDLE_ROUNDS} rounds of {scenario.name}"]
    if rounds < ROUNDS_MIN:
        return [f"{ROUNDS_MIN} rounds of {scenario.name}"]
    return [] if rounds * seconds >= SECONDS_MIN else [f"{SECONDS_MIN} s of {scenario.name}"]


def whole_locks(found):
    return found.get("samples", 0) > 0 and "futex_waits_per_1000" in found and "kernel_waits_per_1000" in found
