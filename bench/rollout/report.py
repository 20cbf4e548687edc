"""What the rows say: a table, the generated part of bench/rollout/README.md, and what should not be."""

from comparison.machine import Failure

from .courses import COURSES, ROLLOUTS

MARK_BEGIN = "<!-- bench/rollout begin -->"
MARK_END = "<!-- bench/rollout end -->"
HEADER = ("course", "what", "found", "bound", "met")


def cells(row):
    """Of the table; a sentence has no bound, and its place is in the cell of what was found."""
    met = ("yes" if row["met"] else "NO") if row["bound"] else ""
    return [f"`{row['course']}`", row["what"], row["found"], row["bound"], met]


def line(words):
    return "| " + " | ".join(words) + " |"


def table(data):
    return "\n".join([line(HEADER), "|---|---|---|---|---|", *(line(cells(row)) for row in data["rows"])])


def settings():
    """What the courses set of `rollout`."""
    def keys(rollout):
        return ", ".join(f"{key} {', '.join(map(str, value)) + ' %' if isinstance(value, list) else value}"
                         for key, value in rollout.items())
    return "; ".join(f"`{name}`: {keys(rollout)}" for name, rollout in ROLLOUTS.items())


def section(data):
    machine = data["machine"]
    return f"""{MARK_BEGIN}
{table(data)}

What the courses set of `rollout`, where the defaults are made for hours: {settings()}. The rest is as by default.

{machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}, Linux {machine['kernel']}, {data['date']}.
{data['version']}.
{MARK_END}"""


def put_into(text, data):
    """`text` with its generated part made anew."""
    begin, end = text.find(MARK_BEGIN), text.find(MARK_END)
    if begin < 0 or end < begin:
        raise Failure(f"the README of bench/rollout has no lines {MARK_BEGIN} and {MARK_END}")
    return text[:begin] + section(data) + text[end + len(MARK_END):]


def missing(data):
    """Courses that a recording has to have, and has not."""
    have = {row["course"] for row in data["rows"]}
    return [name for name in COURSES if name not in have]


def misses(data):
    """Bounds that were not met, as sentences."""
    return [f"{row['course']}: {row['what']}: {row['found']}, wanted: {row['bound']}"
            for row in data["rows"] if not row["met"]]
