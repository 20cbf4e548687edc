"""What a comparison's numbers say: ratios against the targets, as text, as README section and as a picture."""

import json
import textwrap
from xml.sax.saxutils import escape

from .ratios import Ratio, against, median_of
from .scaling import TEXT_WIDTH, scaling
from .scenarios import SCENARIOS, by_name

MARK_BEGIN = "<!-- bench/compare begin -->"
MARK_END = "<!-- bench/compare end -->"
TAIL_BOUND = 1.10  # Weir's p99 over that of the best rival, in each job
WAITING_BOUND = 0.005  # of the samples of two workers; in lock waits in user space
PROFILED, THIN_LTO = "-fprofile-use=", "-flto=thin"  # in a version's text
COLOURS = {"weir": "#2563eb", "nginx": "#16a34a", "haproxy": "#d97706", "nghttpx": "#dc2626", "floor": "#9ca3af",
           "asio": "#a78bfa", "beast": "#db2777"}
RELAYS_ON_BOOST = {
    "asio": "`asio` is the same relay on Boost.Asio, without its locks (`BOOST_ASIO_CONCURRENCY_HINT_UNSAFE`; "
            "locks are the default, and are not measured).",
    "beast": "`beast` is that relay, reading each request and response with Boost.Beast and writing its head anew, and "
             "nothing else that a proxy does. It is built without a profile."}


def cost_key(scenario):
    return "kib_per_connection" if scenario.load == "idle" else "cpu_us"


def costs(scenario, result):
    """Median cost by proxy, in the scenario's unit."""
    return {name: median_of(rounds, cost_key(scenario)) for name, rounds in result["proxies"].items()
            if name in COLOURS}


def verdicts(scenario, result):
    """For each target: (against whom, Ratio, bound); without those whose other side was not measured. Absolute: the
    cost itself in place of a ratio, a number."""
    proxies, found = result["proxies"], []
    for target in scenario.targets:
        if target.against == "absolute":
            if proxies.get("weir"):
                found.append(("absolute", median_of(proxies["weir"], cost_key(scenario)), target.ratio))
            continue
        compared = against(proxies, target.against, cost_key(scenario))
        if compared is not None:
            name, ratio = compared
            found.append((f"best: {name}" if target.against == "best" else name, ratio, target.ratio))
    return found


def tail(scenario, result):
    """Weir's p99 over that of the best rival, as (name, Ratio); None without any. Who is the best here is chosen by
    p99, again once for all rounds."""
    return None if scenario.load == "idle" else against(result["proxies"], "best", "p99_ms")


def central(ratio):
    """What is held against a bound."""
    return ratio.median if isinstance(ratio, Ratio) else ratio


def rows(data):
    for scenario in SCENARIOS:
        if scenario.name in data["scenarios"]:
            yield scenario, data["scenarios"][scenario.name]


def number(value):
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def cell(scenario, rounds):
    if rounds is None:
        return "-"
    text = number(median_of(rounds, cost_key(scenario)))
    if scenario.load != "idle":
        text += f" ({median_of(rounds, 'p99_ms'):.2f})"
    errors = sum(each["errors"] for each in rounds)
    return f"{text}, {errors} errors" if errors else text  # a proxy that answers with errors has done another job


def table(data):
    """Markdown: cost by proxy, and the ratios of cost and of p99."""
    names = [name for name in COLOURS if any(name in result["proxies"] for _, result in rows(data))]
    lines = ["| job | " + " | ".join(names) + " | Weir against | ratio | bound | "
             f"p99 ratio (at most {TAIL_BOUND:.2f}) |",
             "|---|" + "--:|" * len(names) + "---|--:|--:|--:|"]
    for scenario, result in rows(data):
        cells = [cell(scenario, result["proxies"].get(name)) for name in names]
        ratios = verdicts(scenario, result)
        shown = [", ".join(part[0] for part in ratios),
                 ", ".join(number(part[1]) if part[0] == "absolute" else str(part[1]) for part in ratios),
                 ", ".join(f"{part[2]:.2f}" for part in ratios)]
        latency = tail(scenario, result)
        shown.append("" if latency is None else f"{latency[0]}: {latency[1]}")
        title = f"`{scenario.name}`: {scenario.title}"
        lines.append("| " + " | ".join([title, *cells, *shown]) + " |")
    return "\n".join(lines)


def throughput(data):
    """Markdown: requests per second by proxy, and how busy the proxy's and the load's CPU were."""
    names = [name for name in COLOURS if any(name in result["proxies"] for _, result in rows(data))]
    lines = ["| job | " + " | ".join(names) + " |", "|---|" + "--:|" * len(names)]
    for scenario, result in rows(data):
        if scenario.load == "idle":
            continue
        cells = []
        for rounds in (result["proxies"].get(name) for name in names):
            text = f"{median_of(rounds, 'requests_per_second'):.0f}" if rounds else "-"
            if rounds and "load_share" in rounds[0]:
                text += f" ({median_of(rounds, 'proxy_share'):.0%}, {median_of(rounds, 'load_share'):.0%})"
            cells.append(text)
        lines.append(f"| `{scenario.name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def misses(data):
    """Bounds that were not met, and errors, as sentences."""
    found = []
    for scenario, result in rows(data):
        for other, ratio, bound in verdicts(scenario, result):
            if central(ratio) > bound:
                found.append(cost_miss(scenario, other, central(ratio), bound))
        latency = tail(scenario, result)
        if latency is not None and latency[1].median > TAIL_BOUND:
            found.append(f"`{scenario.name}`: p99 is {latency[1].median:.3f} times that of {latency[0]}; at most "
                         f"{TAIL_BOUND:.2f} is wanted.")
        if scenario.workers > 1 and result["proxies"].get("weir"):
            found += waiting_miss(scenario, result.get("locks", {}).get("weir"))
    return found + errors(data)


def cost_miss(scenario, other, cost, bound):
    if other == "absolute":
        return f"`{scenario.name}`: Weir takes {cost:.3f} KiB a connection; at most {bound:.2f} is wanted."
    what = "memory" if scenario.load == "idle" else "CPU time"
    better = f", the {'best' if scenario.http2 else 'better'} one" if other.startswith("best: ") else ""
    return (f"`{scenario.name}`: Weir takes {cost:.3f} times the {what} of {other.removeprefix('best: ')}{better}; at "
            f"most {bound:.2f} is wanted.")


def waiting_miss(scenario, found):
    """Of the stacks of several workers; what was not looked at is not met either."""
    wanted = f"at most {WAITING_BOUND:.1%} is wanted."
    if not found or not found["samples"]:
        return [f"`{scenario.name}`: no stacks were taken, so it is not known how many wait for a lock; {wanted}"]
    if found["waiting"] <= WAITING_BOUND * found["samples"]:
        return []
    return [f"`{scenario.name}`: {found['waiting']} of {found['samples']} samples wait for a lock in user space; "
            f"{wanted}"]


def errors(data):
    """Who answered with errors, as sentences."""
    found = []
    for scenario, result in rows(data):
        counts = {name: sum(each["errors"] for each in rounds) for name, rounds in result["proxies"].items()}
        found += [f"`{scenario.name}`: {name} had {count} error{'s' if count > 1 else ''}; none is wanted."
                  for name, count in counts.items() if count]
    return found


def length(data):
    """Of the measurements: what is usual, and the jobs that differ."""
    settings = data["settings"]
    usual = f"{settings['rounds']} round{'s' if settings['rounds'] > 1 else ''} of {settings['seconds']} s"
    others = {}
    for scenario, result in rows(data):
        rounds, seconds = len(next(iter(result["proxies"].values()), [])), result.get("seconds", settings["seconds"])
        if (rounds, seconds) != (settings["rounds"], settings["seconds"]):
            kind = f"{rounds}" + ("" if scenario.load == "idle" else f" of {seconds} s")
            others.setdefault(kind, []).append(f"`{scenario.name}`")
    return usual + "".join(f", {' and '.join(names)} {kind}" for kind, names in others.items())


def origin(data):
    """Of the measured binary, as a sentence; empty for a recording from before it was kept."""
    source = data.get("source")
    if source is None:
        return ""
    changed = " with changes" if source["dirty"] else ""
    return f" Commit {source['head'][:12]}{changed}, SHA-256 of the binary {source['weir_sha256'][:16]}."


def built(data):
    """What Weir's build had that the rivals' packages have not, as a sentence; empty when it had not."""
    if PROFILED not in data["versions"].get("weir", ""):
        return ""
    return " Weir is optimised by a profile that was trained on these jobs, too; the others are Debian's packages."


def missed(data):
    """The bounds that were not met, as a list; empty when all were."""
    found = misses(data)
    return "\n\nNot met in this recording:\n\n" + "\n".join(f"- {each}" for each in found) if found else ""


def measured_on(data):
    machine = data["machine"]
    return (f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}, Linux {machine['kernel']}, "
            f"{data['date']}.")


def relays(data):
    """What the relays on Boost are, as lines; empty without them."""
    measured = {name for _, result in rows(data) for name in result["proxies"]}
    said = " ".join(text for name, text in RELAYS_ON_BOOST.items() if name in measured)
    return textwrap.fill(said, TEXT_WIDTH) + "\n" if said else ""


def over_http2(data):
    """What the jobs over HTTP/2 are, as lines; empty without them."""
    if not any(scenario.http2 for scenario, _ in rows(data)):
        return ""
    said = ("In the jobs called `h2` clients speak HTTP/2 and endpoints HTTP/1.1: h2load has 8 connections with 16 "
            "requests at once on each, to all by prior knowledge, but in `h2_tls` by ALPN. nghttpx takes part in these "
            "only, and `best` is the best of the three there. `h2_big` counts what came of answers that were not whole "
            "at the end as well. Each connection of `h2_idle` had one request.")
    return textwrap.fill(said, TEXT_WIDTH) + "\n"


def section(data):
    """The README's performance section, between its marks."""
    versions = "; ".join(f"{name}: {text}" for name, text in sorted(data["versions"].items()) if name != "floor")
    jobs = relays(data) + over_http2(data)
    return f"""{MARK_BEGIN}
CPU microseconds per request of the proxy's whole process tree, with p99 latency in milliseconds in parentheses; for
idle connections KiB of resident memory each. Medians of the rounds: {length(data)}.
Ratios are medians over the rounds of Weir's cost over the other's in the same round, with their quartiles in
parentheses; `best` names the better of nginx and HAProxy.
One worker on CPU 0 (but for `workers2`), two endpoints and the load on CPU 1. The floor is a relay that parses nothing.
{jobs}`absolute` is a bound of KiB, not a ratio. Proxies start afresh in each round of the idle jobs.

{table(data)}

Requests per second, with the shares of a CPU that the proxy and the load generator used in parentheses. They say little
about the proxies: as long as the proxy's share is well below 100 %, CPU 1, which carries the load and the endpoints, is
the bottleneck, and p99 is mostly the wait for it.

{throughput(data)}

{scaling(data)}{measured_on(data)} {versions}.{origin(data)}{built(data)}

![CPU time per request beside nginx and HAProxy](bench/results.svg){missed(data)}
{MARK_END}"""


def has_place(text):
    return 0 <= text.find(MARK_BEGIN) < text.find(MARK_END)


def put_into(text, data):
    """`text`, which has a place for it, with its performance section made anew."""
    return text[:text.find(MARK_BEGIN)] + section(data) + text[text.find(MARK_END) + len(MARK_END):]


def picture(data):
    """An SVG: for each job a bar a proxy, as a multiple of Weir's cost."""
    bars, y = [], 44
    for scenario, result in rows(data):
        cost = costs(scenario, result)
        if not cost.get("weir"):
            continue
        unit = "KiB" if scenario.load == "idle" else "us"
        bars.append(f'<text x="8" y="{y + 12}" font-weight="600">{escape(scenario.name)}</text>')
        for name, value in cost.items():
            ratio = value / cost["weir"]
            width = min(ratio, 4.0) * 130
            bars.append(f'<rect x="110" y="{y}" width="{width:.1f}" height="13" rx="2" fill="{COLOURS[name]}"/>'
                        f'<text x="{116 + width:.1f}" y="{y + 11}">{name} {ratio:.2f}x ({number(value)} {unit})</text>')
            y += 17
        y += 9
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 {y}" font-family="sans-serif" font-size="11">'
            f'<rect width="820" height="{y}" fill="#ffffff"/>'
            '<text x="8" y="22" font-size="14" font-weight="600">'
            'Cost of the same job, Weir = 1 (less is better)</text>')
    return head + "".join(bars) + "</svg>\n"


def as_json(data):
    return json.dumps(data, indent=1) + "\n"


def load_results(path):
    data = json.loads(path.read_text())
    unknown = [name for name in data["scenarios"] if by_name(name) is None]
    if unknown:
        raise ValueError(f"{path}: unknown scenarios {unknown}")
    return data
