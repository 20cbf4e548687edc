"""What --record and --check-readme of bench/compare hold a recording against: a commit, its build, and no errors."""

import os
import re
import subprocess
import sys

from . import machine, report, wholeness
from .machine import ROOT, Failure

RESULTS, PICTURE, README = ROOT / "bench/results.json", ROOT / "bench/results.svg", ROOT / "README.md"
BINARIES = ("weir", "weir-origin", "floor", "asio_relay", "beast_relay", "handshakes", "idle_clients")
RELEASE = ROOT / "build/release/bin"
# A profile that was once switched off stays off in a folder that is configured again.
BUILD = (["cmake", "--preset", "release", "-UWEIR_PROFILE"],
         ["cmake", "--build", "--preset", "release", "--target", *BINARIES])
NO_PLACE = f"README.md has no lines {report.MARK_BEGIN} and {report.MARK_END}"


def run(command):
    """A command whose output is for the reader."""
    print(" ".join(command), file=sys.stderr, flush=True)
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False).returncode != 0:
        raise Failure(f"failed: {' '.join(command)}")


def need_clean(dirty):
    if dirty:
        raise Failure("--record: tracked files are changed (git status); what is recorded is a commit")


def need_place():
    """For what is recorded, before anything is done: in the README, in git, and in the build folder."""
    if not report.has_place(README.read_text()):
        raise Failure(NO_PLACE)
    if machine.BIN.resolve() != RELEASE.resolve():
        raise Failure(f"--record measures what it builds in {RELEASE}: unset WEIR_BENCH_BIN ({machine.BIN})")
    need_clean(machine.is_dirty())


def build():
    """All binaries as the sources have them, that of the load and the endpoints, too."""
    for command in BUILD:
        run(command)


def need_binary_of(source, version):
    """What is recorded is what HEAD builds, and built as the README says."""
    need_clean(source["dirty"])
    commit = re.search(r"\(([0-9a-f]+)", version)
    if not commit or not source["head"].startswith(commit.group(1)):
        raise Failure(f"--record: {machine.BIN / 'weir'} is {version}, HEAD is {source['head'] or 'unknown'}: "
                      "cmake --preset release && cmake --build --preset release")
    if report.PROFILED not in version or report.THIN_LTO not in version:
        raise Failure(f"--record: {machine.BIN / 'weir'} is not built as the release preset does it, with ThinLTO and "
                      f"the profile: {version}")


def need_no_errors(data):
    """A proxy that answers with errors has done another job."""
    if found := report.errors(data):
        raise Failure("--record: nothing is written: " + " ".join(found))


def write(data):
    need_no_errors(data)
    if gaps := wholeness.missing(data):
        raise Failure("--record: nothing is written, it is not whole: no " + ", ".join(gaps))
    RESULTS.write_text(report.as_json(data))
    PICTURE.write_text(report.picture(data))
    README.write_text(report.put_into(README.read_text(), data))


def check():
    """Fails unless README and picture are those of a whole recording."""
    data = report.load_results(RESULTS)
    if gaps := wholeness.missing(data):
        raise Failure("bench/results.json is not whole: no " + ", ".join(gaps))
    if not report.has_place(README.read_text()):
        raise Failure(NO_PLACE)
    if report.put_into(README.read_text(), data) != README.read_text() or PICTURE.read_text() != report.picture(data):
        raise Failure("README.md or bench/results.svg is not what bench/results.json says: bench/compare --record")
    return "README.md says what was recorded: " + report.length(data)


def unbuilt(needed=BINARIES):
    """Binaries that are not there; where this command must not build them that is a failure."""
    found = [name for name in needed if not (machine.BIN / name).exists()]
    if found and "WEIR_BENCH_BIN" in os.environ:
        raise Failure(f"WEIR_BENCH_BIN has no {', '.join(found)}")
    return found
