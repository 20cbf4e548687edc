"""Whether workers wait for each other: stacks in lock waits, and how often the workers waited.

A sample is taken of a thread that uses CPU time. One that sleeps until it gets a lock uses none, so waits are counted
as well, where the kernel's tracing may be used. Weir's own MicroLock has a function for those who find it taken, in
which they look again and then sleep by libstdc++'s atomic wait: both are waiting. No name of their own in a stack have
the inlined taking of a lock that is free, and the atomic counters that workers share; what their cache lines cost on
the way from one CPU to the other is in the CPU time per request of two workers over that of one."""

import re
from collections import Counter

from . import loads, perf
from .machine import Failure

SECONDS = 3
PLACES_MAX = 8
WORKER = "weir::server::Worker::run"  # the outermost frame of ours in a worker's stacks
WAITING = re.compile(r"lll_lock_wait|futex_(do_)?wait|futex_abstimed_wait|futex_lock_pi|pthread_cond_\w*wait|"
                     r"sem_\w*wait|pthread_spin_lock|sched_yield|atomic_wait|MicroLock::lock_slowly|"
                     r"__waiter\b.*::_M_do_(wait|spin)|__waiter_(pool|base)\b.*::_M_do_(wait|spin)")
MUTEX = re.compile(r"pthread_(mutex|rwlock)_\w*lock|std::(shared_)?mutex")
KERNEL = re.compile(r"spin_lock_slowpath|queued_(read|write)_lock_slowpath|rwsem_down_\w+_slowpath|"
                    r"rwsem_optimistic_spin|__mutex_lock|mutex_spin_on_owner|osq_lock|__lock_sock$")
WAIT_OPERATIONS = (0, 9)  # FUTEX_WAIT, FUTEX_WAIT_BITSET; with the flags private (128) and real time (256)
EVENTS = {"futex_waits": ["-e", "syscalls:sys_enter_futex", "--filter", " || ".join(
    f"op == {operation + flags}" for operation in WAIT_OPERATIONS for flags in (0, 128, 256, 384))],
          "kernel_waits": ["-e", "lock:contention_begin"]}


def kind(frames):
    """What a stack, innermost frame first, says: `waiting` for a lock in user space, in the slow path of a contended
    `kernel` lock, in the code of a `mutex` without waiting, or None. With the frame that says so."""
    for name, pattern in (("waiting", WAITING), ("kernel", KERNEL), ("mutex", MUTEX)):
        for place, frame in enumerate(frames):
            if pattern.search(frame):
                callers = [each for each in frames[place + 1:] if not pattern.search(each) and "raw_spin" not in each]
                own = [each for each in callers if "weir::" in each and WORKER not in each] if name != "kernel" else []
                caller = next(iter(own + callers), "")
                return name, f"{frame} from {caller}" if caller else frame
    return None, ""


def classified(text):
    """Of what `perf.stacks` returns: the workers' threads; and their number, that of their samples, how many are of
    each kind, and where."""
    stacks = list(perf.samples(text))
    workers = sorted({thread for thread, frames in stacks if any(WORKER in frame for frame in frames)})
    kinds, places = Counter(), Counter()
    for thread, frames in stacks:
        if thread in workers:
            found, place = kind(frames)
            kinds[found] += 1
            if found:
                places[f"{found}: {place}"] += 1
    return workers, {"workers": len(workers), "samples": sum(kinds.values()),
                     **{each: kinds[each] for each in ("waiting", "mutex", "kernel")},
                     "places": dict(places.most_common(PLACES_MAX))}


def measure(proxy, scenario, seconds=SECONDS, counted=False):
    """Samples and counts of a Weir that is under the load of `scenario`. Without counts where they may not be taken,
    unless they have to be: `counted`."""
    def work():
        return loads.measure(proxy, scenario, seconds)
    threads, found = classified(perf.stacks(proxy.stage.folder, proxy.pid, seconds, work))
    if not threads:
        raise Failure(f"no sample of a worker: no stack has {WORKER}")
    try:
        waits, facts = perf.counts(threads, seconds, work, EVENTS)
    except perf.Refused:
        if counted:
            raise
        return found
    requests = facts["requests_per_second"] * seconds
    return {**found, **{f"{name}_per_1000": 1000 * count / requests for name, count in waits.items()}}


def lines(title, found):
    """For a reader of the command's output."""
    text = [f"{title}: {found['workers']} workers, {found['samples']} samples"]
    for name, what in (("waiting", "waiting for a lock in user space"), ("mutex", "in a mutex that was free"),
                       ("kernel", "in the slow path of a contended kernel lock")):
        text.append(f"  {found[name] / found['samples']:7.3%} {what}")
    for name, what in (("futex_waits", "waits in futex"), ("kernel_waits", "waits for a contended kernel lock")):
        if f"{name}_per_1000" in found:
            text.append(f"  {found[f'{name}_per_1000']:7.3f} {what} per 1,000 requests")
    return "\n".join(text + [f"    {count:5d} {place}" for place, count in found["places"].items()])
