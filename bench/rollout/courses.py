"""What is shown: each course plays one thing that can happen to a rollout, and says what came of it as rows of (what,
found, bound, whether it is met)."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from comparison.machine import Failure, Stage

from .scene import FINISHED, HELD, ROLLED_BACK, Scene

FALSE_ROLLBACKS_MAX = 4     # of 100, where 1 is what is promised: 5 and more have a chance of 0.3 %
FINISHED_MIN = 0.95         # of those: one that stays where it is cannot be taken back wrongly
RATE_MIN = 0.9              # of the requests a second that are meant
EFFECTIVE_WITHIN_S = 1.0    # from the request that decides until the last one that begins at the canary
DECIDING_WITHIN_S = 0.5     # before the event lies the request that decides: two ticks
NOTICED_WITHIN = 200        # canary requests, in nine of ten rollouts is what is promised
NOTICED_MIN = 0.8           # of 40; fewer have a chance of 1.5 % then
JUMP = 5.0                  # points
BASE = 0.5                  # percent of requests that always fail
KILLED_AFTER_S = 9.0
TAKEN_BACK_WITHIN_S = 7.0   # a canary that died: two more than it takes without any evidence
SAVED_EACH_S = 5.0          # what was counted goes to the disk this often

# What the courses set of `rollout`; the rest are the defaults.
ROLLOUTS = {
    "equal": {"steps": [5, 25, 50, 100], "hold": "2s", "min_requests": 10, "warmup": "1s"},
    "jump": {"steps": [5, 100], "hold": "5m", "warmup": "1s"},
    "shared": {"steps": [25, 100], "hold": "20s", "warmup": "1s"},
    "killed": {"steps": [5, 50, 100], "hold": "15s", "min_requests": 50, "warmup": "1s"},
    "dies": {"steps": [25, 100], "hold": "5m"},
}


@dataclass(frozen=True)
class Row:
    what: str
    found: str
    bound: str = ""
    met: bool = True


@dataclass(frozen=True)
class Size:
    """How much of it."""

    equal: int = 100       # rollouts between equal versions
    jumps: int = 40
    at_once: int = 10      # on routes of their own
    rate: int = 200        # requests a second and route
    jump: float = JUMP
    past_s: float = 12.0   # before the shared outage: what was usual is known after ten
    outage_s: float = 12.0
    outage_hold: str = ROLLOUTS["shared"]["hold"]
    patience: float = 1.0  # times the bounds of time, and how long events are waited for; above 1 rates are no bound

    @property
    def is_patient(self):
        return self.patience > 1


def equal_versions(size):
    """(a) Rollouts between equal versions, by short holds."""
    ended, within_s = [], round(60 * size.patience)
    with Stage() as stage:
        scene = Scene(stage, ROLLOUTS["equal"], size.patience, routes=size.at_once)
        scene.ask_for(size.rate)
        began = time.monotonic()
        with ThreadPoolExecutor(size.at_once) as pool:
            for _ in range(0, size.equal, size.at_once):
                ended += pool.map(lambda route: scene.run_to_end(route, within_s), scene.routes)
        took_s = time.monotonic() - began
        requests, _ = scene.clients_saw()
    count = {status: sum(1 for each, _ in ended if each == status) for status in (FINISHED, ROLLED_BACK, HELD)}
    odd = [output for status, output in ended if status not in count]
    if odd:
        raise Failure(f"a rollout could not be started:\n{odd[0]}")
    most = max(1, FALSE_ROLLBACKS_MAX * len(ended) // 100)
    yield Row(f"{len(ended)} rollouts between equal versions: taken back", str(count[ROLLED_BACK]), f"at most {most}",
              count[ROLLED_BACK] <= most)
    yield Row(f"of them finished; held at the end of {within_s} s", f"{count[FINISHED]}; {count[HELD]}",
              f"at least {FINISHED_MIN:.0%} finished",
              count[FINISHED] + count[ROLLED_BACK] >= FINISHED_MIN * len(ended))
    per_route = requests / took_s / size.at_once
    yield Row("requests a second on each route", f"{per_route:.0f}",
              "" if size.is_patient else f"at least {RATE_MIN * size.rate:.0f}",
              size.is_patient or per_route >= RATE_MIN * size.rate)


def jump(size):
    """(b) A canary that gets worse in the middle of its first step."""
    served, effective, sentences, early = [], [], [], 0
    with Stage() as stage:
        scene = Scene(stage, ROLLOUTS["jump"], size.patience, routes=size.at_once, fail_percent=BASE)
        scene.ask_for(size.rate)
        for turn in range(size.jumps // size.at_once):
            for route in scene.routes:
                scene.begin(route)
            time.sleep(3)  # of its good past
            jumped = time.time()
            scene.change(scene.green, fail_percent=BASE + size.jump)
            events = {route: scene.wait_for_event(route, "rollout_rolled_back", 120 * size.patience, turn + 1)
                      for route in scene.routes}
            # What would still begin at the canary is in the log then.
            log = scene.logged({route: event["at"] + EFFECTIVE_WITHIN_S * size.patience + 0.5
                                for route, event in events.items()}, 20 * size.patience)
            for route, event in events.items():
                if event["cause"] != "evidence":
                    raise Failure(f"taken back for another reason: {event['text']}")
                if event["at"] < jumped:
                    early += 1
                    continue
                canary = [each for each in log[route] if each[2] == "green" and each[0] >= jumped]
                served.append(len(canary))
                effective.append(time_to_effect(canary, event))
                sentences.append(event["text"])
            scene.change(scene.green, fail_percent=BASE)
    if not served:
        raise Failure("all were taken back before anything was worse")
    served.sort()
    few = sum(1 for each in served if each <= NOTICED_WITHIN)
    yield Row(f"{len(served)} jumps of {size.jump:g} points at 5 %: canary requests until its weight was 0, median, "
              "most", f"{statistics.median(served):.0f}, {served[-1]}")
    yield Row(f"noticed within {NOTICED_WITHIN} canary requests", f"{few} of {len(served)}",
              f"at least {NOTICED_MIN:.0%}", few >= NOTICED_MIN * len(served))
    yield Row("taken back before the jump", f"{early} of {size.jumps}", "at most 2", early <= 2)
    yield Row("from the deciding request to the last that began at the canary, ms: median, longest",
              f"{1000 * statistics.median(effective):.0f}, {1000 * max(effective):.0f}",
              f"below {1000 * EFFECTIVE_WITHIN_S * size.patience:.0f}",
              max(effective) < EFFECTIVE_WITHIN_S * size.patience)
    yield Row("the sentence", sentences[0])


def time_to_effect(canary, event):
    """Seconds from the request that decides. Which one that is does not show, but it ended within two ticks before the
    event and it failed: the first of those, so that the time is rather too long than too short."""
    said = event["at"]
    failed = [ended for _, ended, _, status in canary if status >= 500 and said - DECIDING_WITHIN_S <= ended <= said]
    decided = min(failed, default=said)
    return max(0.0, max((begun for begun, *_ in canary), default=decided) - decided)


def shared_cause(size):
    """(c) What both versions depend on fails for a time."""
    with Stage() as stage:
        scene = Scene(stage, {**ROLLOUTS["shared"], "hold": size.outage_hold}, size.patience)
        scene.ask_for(2 * size.rate)
        scene.begin("r0")
        time.sleep(size.past_s)
        failing = time.time()
        scene.change(scene.blue + scene.green, fail_percent=40)
        held = scene.wait_for_event("r0", "rollout_held", size.outage_s * size.patience)
        time.sleep(max(0.0, failing + size.outage_s - time.time()))
        scene.change(scene.blue + scene.green, fail_percent=1)
        healed = time.time()
        resumed = scene.wait_for_event("r0", "rollout_resumed", 60 * size.patience)
        scene.wait_for_event("r0", "rollout_finished", 60 * size.patience)
        kinds = [each["kind"] for each in scene.events("r0")]
    shared = held.get("cause") == "shared_cause"
    yield Row(f"40 % of both versions fail for {size.outage_s:g} s: held after, s", f"{held['at'] - failing:.1f}",
              "shared cause", shared)
    yield Row("resumed after the end, s; then", f"{resumed['at'] - healed:.1f}; finished", "not taken back",
              "rollout_rolled_back" not in kinds)
    yield Row("the sentence", held["text"])


def killed(size):
    """(d) SIGKILL in the middle of a step."""
    rate = 2 * size.rate
    with Stage() as stage:
        scene = Scene(stage, ROLLOUTS["killed"], size.patience)
        scene.ask_for(rate)
        scene.begin("r0")
        time.sleep(1)
        scene.need("rollout", "promote", "r0", "--reason", "to the step that is cut")
        promoted = scene.wait_for_event("r0", "rollout_step", 5 * size.patience)
        time.sleep(max(0.0, promoted["at"] + KILLED_AFTER_S - time.time()))
        before = scene.state("r0")
        scene.kill_weir()
        scene.start_weir()
        after = scene.state("r0")
        back = time.time()
        ended = scene.wait_for_event("r0", "rollout_finished", 60 * size.patience)
    yield Row(f"SIGKILL after {KILLED_AFTER_S:g} s of a step of 15 s: step and canary's share before, after",
              f"{place(before)}, {place(after)}", "the same", place(before) == place(after))
    lost, most = counted(before) - counted(after), round(SAVED_EACH_S * rate / 2 * (1 + 0.1 * size.patience))
    yield Row("canary requests of the step, before and after", f"{counted(before)}, {counted(after)}",
              f"{SAVED_EACH_S:g} s of them lost: at most {most}", 0 <= lost <= most)
    left, longest = ended["at"] - back, 15 - KILLED_AFTER_S + SAVED_EACH_S + size.patience
    yield Row("from its return to the end of the rollout, s", f"{left:.1f}", f"at most {longest:g}", left <= longest)


def place(state):
    """Where a rollout is."""
    return f"{state['step']} at {state['weight_percent']:g} %"


def counted(state):
    """Requests of the canary in the step."""
    return state["sides"]["canary"]["requests"]


def canary_dies(size):
    """(e) All instances of the canary are killed."""
    with Stage() as stage:
        scene = Scene(stage, ROLLOUTS["dies"], size.patience, fail_percent=0)
        scene.ask_for(2 * size.rate)
        scene.begin("r0")
        time.sleep(3)
        died = time.time()
        for each in scene.green:
            each.kill()
        event = scene.wait_for_event("r0", "rollout_rolled_back", 30 * size.patience)
        time.sleep(1)
        requests, failures = scene.clients_saw()
    yield Row("both canary instances killed at 25 %: failed requests of clients", f"{sum(failures.values())} of "
              f"{requests} {failures or ''}".strip(), "0", not failures)
    yield Row("taken back after, s", f"{event['at'] - died:.1f}", f"at most {TAKEN_BACK_WITHIN_S * size.patience:g}",
              event["at"] - died <= TAKEN_BACK_WITHIN_S * size.patience)
    yield Row("the sentence", event["text"])


COURSES = {"equal": equal_versions, "jump": jump, "shared": shared_cause, "killed": killed, "dies": canary_dies}
