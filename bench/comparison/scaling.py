"""What two workers cost beside one, and how much they wait for each other, as text."""

import textwrap

from .ratios import median_of, paired

ALONE = "weir-one"  # Weir with one worker, in the rounds of a job with more
TEXT_WIDTH = 120
SHARED_LOCKS = (
    "In user space the workers share two locks of Weir's own on the way of these requests. One is that of the rate "
    "limit: a small lock in each group of keys (`proxy/limit/micro_lock.hpp`), taken once a request for some dozens "
    "of instructions. All requests of this job come from one address, so both workers always want the same one; "
    "clients with addresses of their own spread over many. The other is the mutex of the access log's queue "
    "(`proxy/observe/log_writer.hpp`), which a worker takes once a batch of lines and the log's writer twice.")


def scaling(data):
    """Two workers of Weir against one in the same rounds, as sentences; empty without both."""
    proxies = data["scenarios"].get("workers2", {"proxies": {}})["proxies"]
    speed, cost = (paired(proxies, "weir", ALONE, key) for key in ("requests_per_second", "cpu_us"))
    if speed is None:
        return ""
    one, two = (median_of(proxies[name], "load_share") for name in (ALONE, "weir"))
    said = textwrap.fill(
        "Two workers of Weir against one, the same job on the same two CPUs in the same rounds (`workers2`): "
        f"{speed} times the requests per second, {cost} times the CPU time per request. The load generator used "
        f"{two:.0%} of a CPU, against {one:.0%} with one worker. It and the endpoints share the two CPUs with the "
        "workers: this shows what a second worker costs the first, not how far requests per second grow with cores of "
        "their own.", TEXT_WIDTH)
    return "\n\n".join([said, *waits(data)]) + "\n\n"


def waits(data):
    """What was found of locks, paragraphs; nothing when no stacks were taken."""
    found = data["scenarios"]["workers2"].get("locks")
    if not found:
        return
    one, two = found[ALONE], found["weir"]
    shares = {name: f"{one[name] / one['samples']:.2%} and {two[name] / two['samples']:.2%}"
              for name in ("waiting", "mutex", "kernel")}
    text = (f"Locks, in {one['samples']} stacks of the one worker and {two['samples']} of the two (perf, user and "
            f"kernel): waiting for a lock in user space {shares['waiting']} of them; in the code of a mutex that was "
            f"free {shares['mutex']}; in the slow path of a contended lock of the kernel {shares['kernel']}.")
    if "futex_waits_per_1000" in one and "futex_waits_per_1000" in two:
        text += (" A thread that sleeps for a lock is in no sample, so waits are counted too: per 1,000 requests "
                 f"{one['futex_waits_per_1000']:.3f} and {two['futex_waits_per_1000']:.3f} calls of futex that wait, "
                 f"{one['kernel_waits_per_1000']:.1f} and {two['kernel_waits_per_1000']:.1f} waits for a contended "
                 "lock of the kernel.")
    if two["places"]:
        places = "; ".join(f"{count} x `{place}`" for place, count in two["places"].items())
        text += f" Where, with two: {places}."
    yield textwrap.fill(text, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
    yield textwrap.fill(SHARED_LOCKS, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
