"""What the rows say: a Markdown table, the generated part of bench/faults/README.md, and what should not be."""

from comparison.machine import Failure

from .scenarios import SCENARIOS

MARK_BEGIN = "<!-- bench/faults begin -->"
MARK_END = "<!-- bench/faults end -->"
LOAD_BOUND = 1.3  # 20 % of ten seconds, which are longer than a fault, and the budget's floor
HEADER = ("fault", "proxy", "requests", "failed: avoidable", "begun", "none left", "out after s", "back after s",
          "load on the rest", "attempts", "p99 ms", "slowest ms")


def shown(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def cells(each):
    return [f"`{each['scenario']}`", each["proxy"], str(each["requests"]), str(each["avoidable"]), str(each["begun"]),
            str(each["none_left"]), shown(each["out_s"], 1), shown(each["back_s"], 1), shown(each["load_on_rest"], 2),
            shown(each["attempts_per_request"], 3), shown(each["p99_ms"], 0), shown(each["max_ms"], 0)]


def line(words):
    return "| " + " | ".join(words) + " |"


def table(data):
    return "\n".join([line(HEADER), "|---|---|" + "--:|" * (len(HEADER) - 2),
                      *(line(cells(each)) for each in data["rows"])])


def section(data):
    machine, settings = data["machine"], data["settings"]
    versions = "; ".join(f"{name}: {text}" for name, text in sorted(data["versions"].items()))
    return f"""{MARK_BEGIN}
Faults of {settings['fault_s']:g} s, {settings['connections']} connections. Weir's retry budget is its
default: the load on the rest stays below {LOAD_BOUND:.2f}.

{table(data)}

{machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}, Linux {machine['kernel']}, {data['date']}.
{versions}.
{MARK_END}"""


def put_into(text, data):
    """`text` with its generated part made anew."""
    begin, end = text.find(MARK_BEGIN), text.find(MARK_END)
    if begin < 0 or end < begin:
        raise Failure(f"the README of bench/faults has no lines {MARK_BEGIN} and {MARK_END}")
    return text[:begin] + section(data) + text[end + len(MARK_END):]


def missing(data):
    """Scenarios and proxies that a recording has to have, and has not."""
    have = {(each["scenario"], each["proxy"]) for each in data["rows"]}
    return [f"{scenario.name} of {proxy}" for scenario in SCENARIOS for proxy in data["versions"]
            if (scenario.name, proxy) not in have]


def misses(data):
    """Where Weir does not keep what it promises."""
    found = []
    for each in data["rows"]:
        if each["proxy"] != "weir":
            continue
        if each["avoidable"]:
            found.append(f"{each['scenario']}: {each['avoidable']} requests failed that another endpoint could have "
                         f"answered: {each['failures']}")
        if (each["load_on_rest"] or 0) > LOAD_BOUND:
            found.append(f"{each['scenario']}: load on the rest {each['load_on_rest']:.2f}, wanted {LOAD_BOUND:.2f}")
    return found
