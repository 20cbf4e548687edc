"""perf on a proxy that works: stacks, and counts of kernel events."""

import re
import subprocess
from pathlib import Path

from .machine import Failure, need_program

PACKAGE = "linux-perf"
FREQUENCY = 997  # samples a second of CPU time; no divisor of what a program may do regularly


class Refused(Failure):
    """perf may not do this here."""


def refused(command, errors):
    setting = Path("/proc/sys/kernel/perf_event_paranoid")
    level = setting.read_text().strip() if setting.exists() else "absent"
    return Refused(f"perf {command} failed:\n{errors.strip()}\nkernel.perf_event_paranoid is {level}: run it as root, "
                   "or sysctl kernel.perf_event_paranoid=1; a container needs CAP_PERFMON")


def during(work, command):
    """Runs perf with `command` while `work` runs; what it printed as errors, and what `work` returned."""
    running = subprocess.Popen([need_program("perf", PACKAGE), *command], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    try:
        done = work()
    finally:
        errors = running.communicate()[1]
    if running.returncode != 0:
        raise refused(command[0], errors)
    return errors, done


def stacks(folder, pid, seconds, work, frequency=FREQUENCY):
    """The stacks of a process while `work` runs, as `perf script` prints them: a sample a paragraph, its first line the
    thread, innermost frame first."""
    data = folder / "perf.data"
    during(work, ["record", "-q", "-g", "-F", str(frequency), "-p", str(pid), "-o", str(data), "--", "sleep",
                  str(seconds)])
    script = subprocess.run([need_program("perf", PACKAGE), "script", "-i", str(data), "-F", "tid,ip,sym,dso",
                             "--no-inline"], capture_output=True, text=True, check=False)
    if script.returncode != 0:
        raise Failure(f"perf script failed:\n{script.stderr}")
    return script.stdout


def samples(text):
    """(thread, names of its frames) of each sample in what `stacks` returns."""
    for paragraph in re.split(r"\n\s*\n", text):
        thread = re.match(r"\s*(\d+)\s*$", paragraph.partition("\n")[0])
        frames = re.findall(r"^\s*[0-9a-f]+ (.+) \(\S*\)$", paragraph, re.M)
        if thread and frames:
            yield int(thread.group(1)), frames


def counts(threads, seconds, work, events):
    """How often each of `events` (name: arguments of `perf stat`) happened in the threads while `work` ran, and what it
    returned."""
    command = ["stat", "-x,", "-t", ",".join(str(each) for each in threads)]
    for arguments in events.values():
        command += arguments
    printed, done = during(work, [*command, "--", "sleep", str(seconds)])
    values = [line.split(",")[0] for line in printed.splitlines() if line.count(",") >= 4]
    if len(values) != len(events) or not all(value.isdigit() for value in values):
        raise refused("stat", printed)
    return dict(zip(events, map(int, values))), done
