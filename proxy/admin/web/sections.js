// The sections of the page: each shows one part of the model, filtered, and says how much of it.

import { act, rolloutVerbs, unlocked } from "./actions.js";
import { EvidenceBar, ShareBar, Sparkline } from "./charts.js";
import { element, keyed, only, setText, showState, Table } from "./dom.js";
import { clock, count, duration, milliseconds, percent, plain, plural, rate, secondsBetween } from "./format.js";

const entries = (object = {}) => Object.entries(object).map(([name, value]) => ({ ...value, name, key: name }))
  .sort((a, b) => a.place - b.place);

// All texts in a value, for the filter.
const texts = (value) => typeof value === "string" ? [value]
  : value !== null && typeof value === "object" ? Object.values(value).flatMap(texts) : [];

const link = (kind, name) => element("a", { href: "#" + kind + "=" + encodeURIComponent(name) }, name);

// Columns of tables: texts, numbers, and numbers that are bad unless they are 0.
const text = (label, show, className) => ({ label, className, show: (cell, item) => setText(cell, show(item)) });
const number = (label, show) => text(label, show, "n");
const failures = (label, show) => ({ label, className: "n", show: (cell, item) =>
  setText(cell, rate(show(item)), show(item) > 0 ? "n bad" : "n") });
const links = (label, kind, show) => ({ label, show: (cell, item) =>
  keyed(cell, show(item).map((key) => ({ key })), ({ key }) => element("span", { class: "item" }, link(kind, key))) });

function button(label, action) {
  const made = element("button", { type: "button" }, label);
  made.addEventListener("click", action);
  return made;
}

// A chart in a cell, made on first use.
function spark(cell, history, name) {
  cell.spark ??= new Sparkline();
  if (!cell.firstElementChild) cell.append(cell.spark.node);
  if (history) cell.spark.update(history.requests, history.failed, name + ": requests per second");
}

class Section {
  constructor(id, title, none) {
    Object.assign(this, { id, title, none });
    this.count = element("span", { class: "more" });
    this.tools = element("div", { class: "tools" });
    this.body = element("div");
    this.empty = element("p", { class: "more" });
    this.node = element("section", { id, "aria-labelledby": id + "-title" },
      element("div", { class: "head" }, element("h2", { id: id + "-title" }, title), this.count, this.tools),
      this.body, this.empty);
  }

  // What passes the filter; says how many there are. A section without words for nothing is not there then.
  filtered(items, filter) {
    const shown = items.filter((item) => filter(texts(item)));
    const all = items.length;
    setText(this.count, all === 0 ? "" : shown.length === all ? count(all) : `${shown.length} of ${all}`);
    setText(this.empty, shown.length > 0 ? "" : all > 0 ? "Nothing here passes the filter." : this.none);
    this.node.hidden = all === 0 && !this.none;
    return shown;
  }
}

// A section of one table.
class Rows extends Section {
  constructor(id, title, none, className, items, columns) {
    super(id, title, none);
    this.items = items;
    this.table = new Table(title, columns, className);
    this.body.append(this.table.table);
  }

  update(model, filter) {
    this.table.update(this.filtered(this.items(model), filter));
  }
}

// A section of one article for each item: `make(item, now, tools)` returns its parts in their order; `now()` is the
// item as it is later.
class Articles extends Section {
  update(model, filter) {
    keyed(this.body, this.filtered(this.items(model), filter), (item) => {
      const title = element("h3", {}, item.name), state = element("span"), summary = element("p", { class: "more" });
      const tools = element("div", { class: "tools" });
      const made = element("article", { id: this.kind + "=" + item.name, tabindex: "-1" },
        element("div", { class: "head" }, title, state, summary, tools));
      made.parts = { state, summary, tools, ...this.make(item, () => made.item, tools) };
      for (const part of Object.values(made.parts)) {
        const node = part.table ?? part.node ?? part;
        if (node instanceof Node && !node.parentNode) made.append(node);
      }
      return made;
    }, (node, item) => {
      node.item = item;
      this.show(node.parts, item, model, filter);
    });
  }
}

export class Traffic extends Section {
  constructor() {
    super("traffic", "Traffic", "No routes.");
    this.charts = [new Sparkline(), new Sparkline("failed"), null, new Sparkline("latency"), null];
    this.tiles = ["Requests", "Failed", "Client errors", "Latency", "In flight"].map((label, i) =>
      element("div", { class: "tile" }, element("h3", {}, label), element("p", { class: "value" }),
        element("p", { class: "more" }), this.charts[i]?.node ?? ""));
    this.routes = new Table("Routes, in the order in which they are tried", [
      { label: "Route", show: (cell, route) => only(cell, () => link("route", route.name)) },
      text("Matches", (route) => route.match, "mono"),
      links("To", "upstream", (route) => route.upstreams),
      text("Action", (route) => route.pause ? `paused, ${route.pause.waiting} of ${route.pause.queue} wait`
        : route.action, "kind"),
      { label: "Five minutes", className: "chart", show: (cell, route) =>
        spark(cell, this.history.routes.get(route.name), route.name) },
      number("Per second", (route) => rate(route.rps)),
      number("4xx/s", (route) => rate(route.client_errors_ps)),
      failures("5xx/s", (route) => route.failed_ps),
      ...["p50", "p95", "p99"].map((one) => number(one, (route) => milliseconds(route[one + "_ms"]))),
      number("In flight", (route) => count(route.in_flight)),
    ], "cards");
    this.body.append(element("div", { class: "tiles" }, ...this.tiles), this.routes.table);
  }

  tile(i, value, more, className = "value") {
    setText(this.tiles[i].children[1], value, className);
    setText(this.tiles[i].children[2], more);
  }

  update({ view, history }, filter) {
    this.history = history;
    const now = view.traffic, all = history.all;
    this.tile(0, rate(now.rps), `a second; ${count(now.requests)} since the start`);
    this.tile(1, rate(now.failed_ps), "a second: 5xx, or cut short", now.failed_ps > 0 ? "value bad" : "value");
    this.tile(2, rate(now.client_errors_ps), "a second: 4xx");
    this.tile(3, milliseconds(now.p95_ms),
      `p95 of ten seconds; p50 ${milliseconds(now.p50_ms)}, p99 ${milliseconds(now.p99_ms)}`);
    this.tile(4, count(now.in_flight),
      `${plural(now.connections.active, "connection")} active, ${count(now.connections.idle)} idle`);
    this.charts[0].update(all.requests, null, "requests per second");
    this.charts[1].update(all.failed, null, "failed requests per second");
    this.charts[3].update(all.p95, null, "95th percentile of the latency", milliseconds);
    const routes = this.filtered(entries(view.routes), filter);
    this.routes.update(routes.map((route) => ({ ...route, id: "route=" + route.name })));
  }
}

const rolloutSeverity = { running: "good", held: "warn", finished: "good", rolled_back: "bad", aborted: "warn" };
const isActive = (rollout) => rollout?.state === "running" || rollout?.state === "held";

export class Rollouts extends Articles {
  kind = "rollout";
  items = ({ view }) => entries(view.rollouts);

  constructor() {
    super("rollouts", "Rollouts", "");
  }

  make(item, now, tools) {
    const sides = new Table("Both sides in this step", [
      text("Side", (side) => side.name),
      number("Requests", (side) => count(side.requests)),
      number("Failed", (side) => count(side.failed)),
      number("Share", (side) => side.requests > 0 ? percent(side.failed / side.requests) : "–"),
      number("Clients", (side) => side.clients > 0 ? count(side.clients) : "–"),
      number("p95", (side) => milliseconds(side.p95_ms)),
    ], "narrow");
    const evidence = element("div");
    const actions = Object.entries(rolloutVerbs).map(([name, [verb]]) => button(verb, () => act.rollout(name, now())));
    tools.append(...actions);
    return { steps: element("ol", { class: "steps", "aria-label": "Steps" }), sides, evidence, actions,
      pair: element("div", { class: "pair" }, sides.table, evidence), sentence: element("p") };
  }

  show(parts, item, { view }) {
    const started = item.id !== undefined, active = isActive(item);
    showState(parts.state, plain([item.state, ...item.held].join(", ")), rolloutSeverity[item.state] ?? "note");
    setText(parts.summary, !started ? `would take ${item.canary} to ${item.steps.join(", ")} %`
      : `${item.canary} at ${item.weight_percent} % against ${item.comparison}; step ${item.step} of ` +
        `${item.steps.length}, ${duration(item.hold.seconds)} of ${duration(item.hold.of_seconds)}; begun by ` +
        item.who + ", " + clock(item.started, view.at) + (item.reason ? ": " + item.reason : ""));
    const steps = item.steps.map((step, i) => ({ key: step + " %", i }));
    keyed(parts.steps, steps, () => element("li"), (node, { key, i }) => {
      const done = i + 1 < item.step || item.state === "finished";
      setText(node, key, !started ? "" : done ? "done" : i + 1 > item.step ? "" : active ? "now" : "back");
    });
    parts.sides.update(!active ? [] : [["canary", item.canary + " (canary)"], ["comparison", item.comparison]]
      .map(([key, name]) => ({ key, name, ...item.sides[key] })));
    const { limit, suspicion, ...values } = item.evidence ?? {};
    const shared = item.replicas > 1 ? ` for each of ${item.replicas} replicas` : "";
    keyed(parts.evidence, Object.entries(values).map(([key, value]) => ({ key, value })), () => {
      const bar = new EvidenceBar(), made = element("div", {}, element("p"), bar.node);
      made.bar = bar;
      return made;
    }, (node, { key, value }) => {
      const words = `Evidence of worse ${plain(key)}: ${rate(value)}; back at ${limit}${shared}`;
      setText(node.firstElementChild, words);
      node.bar.update(value, suspicion, limit, words);
    });
    setText(parts.sentence, item.done?.at(-1)?.sentence);
    const [start, hold, resume] = parts.actions;
    parts.tools.hidden = !unlocked();
    for (const each of parts.actions) each.hidden = active === (each === start);
    hold.hidden ||= item.held.includes("operator");
    resume.hidden ||= item.state !== "held";
  }
}

export class Splits extends Articles {
  kind = "split";
  items = ({ view }) => entries(view.splits);

  constructor() {
    super("splits", "Splits", "");
    this.body.className = "columns";
  }

  make(item, now, tools) {
    tools.append(button("Change weights", () => act.split(now())));
    return { bar: new ShareBar(),
      table: new Table("Targets of the split", [
        { label: "Upstream", show: (cell, target) => {
          cell.className = "key part" + target.i % 4;
          only(cell, () => link("upstream", target.upstream));
        } },
        number("Share", (target) => percent(target.share)),
        number("Weight", (target) => target.effective),
        number("In the file", (target) => target.configured),
        number("Endpoints in use", (target) => target.endpoints.healthy + " of " + target.endpoints.total),
      ], "narrow") };
  }

  show(parts, item, { view }) {
    const rolls = isActive(view.rollouts?.[item.name]);
    setText(parts.summary, [rolls ? "a rollout moves them" : item.source === "file" ? "weights of the file"
      : `set by ${item.who}, ${clock(item.since, view.at)}${item.reason ? ": " + item.reason : ""}`,
    item.expires ? "until " + clock(item.expires, view.at) : "",
    item.affinity === "none" ? "" : "clients stay by " + plain(item.affinity)].filter(Boolean).join("; "));
    parts.bar.update(item.targets.map((target) => target.share),
      item.targets.map((target) => target.upstream + " " + percent(target.share)).join(", "));
    parts.table.update(item.targets.map((target, i) => ({ ...target, i, key: target.upstream })));
    parts.tools.hidden = !unlocked() || rolls;
  }
}

const stateSeverity = { healthy: "good", drain: "note", disabled: "note", half_open: "warn", check_pending: "warn" };

// Why an endpoint is in its state.
function describe(endpoint, now) {
  const out = endpoint.taken_out;
  if (out) return `by ${out.who}, ${clock(out.since, now)}${out.reason ? ": " + out.reason : ""}`;
  if (endpoint.state === "healthy")
    return endpoint.kept ?? (endpoint.effective_weight < endpoint.weight ? "starting slowly" : "");
  return (endpoint.why ?? "") + (endpoint.until ? ", tried again " + clock(endpoint.until, now) : "");
}

function lastCheck({ check, now }) {
  if (!check) return "";
  const seconds = secondsBetween(check.at, now);
  const times = check.in_a_row > 1 ? ` ${check.in_a_row} times` : "";
  return `${check.result === "passed" ? "" : check.result + times + ": "}${check.detail}, ${milliseconds(check.ms)}, ` +
    (seconds < 2 ? "now" : duration(seconds) + " ago");
}

function weight(endpoint) {
  const effective = Math.round(endpoint.effective_weight * 10) / 10;
  const more = [endpoint.backup ? "backup" : "", endpoint.zone].filter(Boolean).join(", ");
  return (effective === endpoint.weight ? "" : endpoint.weight + " → ") + effective + (more ? ` (${more})` : "");
}

export class Upstreams extends Articles {
  kind = "upstream";
  items = ({ view }) => entries(view.upstreams);

  constructor() {
    super("upstreams", "Upstreams and endpoints", "No upstreams.");
  }

  make(item) {
    return { table: new Table("Endpoints of " + item.name, [
      text("Endpoint", (one) => one.name, "mono"),
      { label: "State", className: "wide", show: (cell, one) => {
        if (!cell.firstElementChild) cell.append(element("span"), " ", element("span", { class: "more" }));
        showState(cell.children[0], one.kept ? "failing" : plain(one.state),
          one.kept ? "bad" : stateSeverity[one.state] ?? "bad");
        setText(cell.children[1], describe(one, one.now));
      } },
      number("Weight", weight),
      number("Per second", (one) => rate(one.rps)),
      failures("Failed/s", (one) => one.failed_ps),
      number("p95", (one) => milliseconds(one.p95_ms)),
      number("In flight", (one) => one.in_flight + (one.max_connections > 0 ? " of " + one.max_connections : "")),
      { label: "Last check", show: (cell, one) =>
        setText(cell, lastCheck(one), one.check?.result === "failed" ? "check bad" : "check more") },
      { label: "Action", className: "action", show: (cell, one) => {
        const made = only(cell, () => button("", () => act.endpoint(cell.item)));
        cell.item = one;
        made.hidden = !unlocked() || one.state === "unresolved";
        const label = one.taken_out ? "Enable" : "Drain";
        setText(made, label);
        made.setAttribute("aria-label", `${label} ${item.name}/${one.name}`);
      } },
    ], "cards endpoints") };
  }

  show(parts, item, { view, history }, filter) {
    const all = entries(item.endpoints).map((one) => ({ ...one, upstream: item.name, now: view.at }));
    const some = all.filter((one) => filter(texts(one))), used = all.filter((one) => one.state === "healthy").length;
    showState(parts.state, item.panic ? "panic" : `${used === all.length ? "all" : used + " of " + all.length} in use`,
      item.panic || used === 0 ? "bad" : used < all.length ? "warn" : "good");
    setText(parts.summary, `${rate(item.rps)}/s, ${rate(item.failed_ps)} failed/s, p95 ${milliseconds(item.p95_ms)}; ` +
      `${plain(item.balance)}, ${item.protocol}` +
      (item.queue.max > 0 ? `; ${item.queue.waiting} of ${item.queue.max} wait` : ""));
    spark(parts.tools, history.upstreams.get(item.name), item.name);
    parts.table.update(some.length > 0 ? some : all);
    const left = Object.entries(view.left_out).filter((pair) => pair[1] > 0).map((pair) => pair.reverse().join(" "));
    setText(this.tools, left.length > 0 ? "Too many to show; left out: " + left.join(", ") : "");
  }
}

export const limits = () => new Rows("limits", "Rate limits", "", "cards", ({ view }) => entries(view.limits), [
  text("Limit", (limit) => limit.name),
  text("Mode", (limit) => limit.mode === "shadow" ? "shadow: only counts" : "refuses"),
  failures("Refused/s", (limit) => limit.refused_ps),
  number("Would refuse/s", (limit) => rate(limit.shadow_ps)),
  number("Refused", (limit) => count(limit.refused)),
  number("Keys held", (limit) => count(limit.keys)),
]);

function certificateText({ certificates, now }) {
  const left = (one) => secondsBetween(now, one.not_after);
  return certificates.map((one) => `${one.subject}, ${left(one) > 0 ? duration(left(one)) + " left" : "expired"}`)
    .join("; ");
}

export const listeners = () => new Rows("listeners", "Listeners and TLS", "No listeners.", "cards", ({ view }) =>
  entries(view.listeners).map((listener) => ({ ...listener, now: view.at,
    certificates: view.certificates.filter((one) => one.listener === listener.name) })), [
  text("Listener", (listener) => listener.name),
  text("Address", (listener) => listener.address, "mono"),
  text("TLS", (listener) => listener.tls ? "yes" : "no"),
  text("Certificates", certificateText, "wide"),
  number("Active", (listener) => count(listener.active)),
  number("Idle", (listener) => count(listener.idle)),
  number("Accepted", (listener) => count(listener.accepted)),
]);

function changes({ changes }) {
  if (!changes) return "";
  const { routes_reordered: reordered, settings, ...kinds } = changes;
  const parts = Object.entries(kinds).map(([kind, tally]) => [plain(kind), ["added", "changed", "removed"]
    .filter((what) => tally[what] > 0).map((what) => tally[what] + " " + what).join(", ")])
    .filter(([, words]) => words).map((pair) => pair.join(": "));
  if (reordered) parts.push("routes in another order");
  if (settings.length > 0) parts.push("settings: " + settings.join(", "));
  return parts.join("; ") || "nothing";
}

export class Config extends Section {
  constructor() {
    super("config", "Configuration", "");
    this.list = element("dl");
    this.body.append(this.list);
    this.reload = button("Reload", () => act.reload());
    this.tools.append(this.reload);
  }

  update({ view }) {
    const { config, process } = view, last = config.last_reload;
    const facts = Object.entries({
      Generation: `${config.generation} (${config.tag})`,
      Hash: config.hash,
      Files: config.files.join(", "),
      "Last reload": clock(last.at, view.at) + (last.success ? "" : /^taken back/.exec(last.error) ?? ", refused"),
      Guard: config.guard.text ?? plain(config.guard.state),
      "It changed": changes(config) || "nothing was reloaded since the start",
      Process: `${process.version} (${process.commit}), pid ${process.pid}, ${plural(process.workers, "worker")}`,
      ...Object.fromEntries(Object.entries(process.overload.bounds).map(([bound, use]) =>
        ["Of " + bound, `${percent(use.used / use.max)} used, ${use.state}`])),
    });
    const make = ({ key }) => element("div", {}, element("dt", {}, key), element("dd"));
    keyed(this.list, facts.map(([key, value]) => ({ key, value })), make, (node, { value }) =>
      setText(node.lastElementChild, value));
    this.reload.hidden = !unlocked();
  }
}

export const events = () => new Rows("events", "Events", "Nothing has happened yet.", "lines", ({ view, events }) =>
  events.map((event, i) => ({ ...event, now: view.at, key: String(event.id ?? "gap" + i) })), [
  text("When", (event) => event.ts ? clock(event.ts, event.now) : "", "time"),
  { label: "Kind", className: "kind", show: (cell, event) => showState(only(cell, () => element("span")),
    plain(event.kind), { error: "bad", warn: "warn" }[event.level] ?? "note") },
  text("What happened", (event) => event.text),
]);

const shown = (value) => value !== null && typeof value === "object"
  ? Object.entries(value).map(([name, weight]) => name + " " + weight).join(", ") : String(value);

// When, who and what have columns of their own.
function facts({ at, who, action, key, now, before, after, reason, sentence, ...rest }) {
  if (action.startsWith("rollout")) return sentence ?? reason;  // one of them has all the rest in words
  const change = before === undefined ? [] : [shown(before) + " → " + shown(after)];
  return [...Object.values(rest).map(shown), ...change, ...(reason ? [reason] : [])].join("; ");
}

export const audit = () => new Rows("audit", "Audit", "Nothing was changed at run time.", "lines", ({ view }) =>
  view.audit.map((entry, i) => ({ ...entry, now: view.at, key: entry.at + entry.action + (view.audit.length - i) })), [
  text("When", (entry) => clock(entry.at, entry.now), "time"),
  text("Who", (entry) => entry.who),
  text("Action", (entry) => plain(entry.action), "kind"),
  text("What", facts),
]);

// What is wrong, from the server and from here. A text changes only when its problem does: it is read out.
export function showProblems(host, problems) {
  const items = problems.length > 0 ? problems : [{ severity: "good", text: "No problems." }];
  keyed(host, items.map((one) => ({ ...one, key: one.severity + one.text })), ({ severity, text, about, name }) => {
    const words = { bad: "error", warn: "warning", note: "on purpose", good: "" }[severity];
    return element("p", { class: "problem " + severity }, element("span", { class: "state " + severity }, words),
      " ", text, ...(["upstream", "rollout", "route"].includes(about) ? [" ", link(about, name)] : []));
  });
}
