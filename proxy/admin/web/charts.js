// Small charts in SVG: pictures of what the tables say. Each has role="img" and a sentence.

import { count } from "./format.js";

const namespace = "http://www.w3.org/2000/svg";
const width = 300, height = 40;

function svg(name, attributes, ...children) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function set(node, key, value) {
  if (node.getAttribute(key) !== value) node.setAttribute(key, value);
}

// Runs of neighbouring points, without those in which nothing was measured.
function runs(values) {
  const all = [];
  let run = null;
  values.forEach((value, i) => {
    if (value == null) {
      run = null;
    } else {
      if (!run) all.push(run = []);
      run.push([i + width - values.length, value]);
    }
  });
  return all;
}

const place = (x, y) => x + " " + Math.round(y * 10) / 10;

// A line over five minutes with an area below it, and bars for what failed.
export class Sparkline {
  constructor(className = "") {
    this.area = svg("path", { class: "area" });
    this.line = svg("path", { class: "line" });
    this.bars = svg("path", { class: "bars" });
    this.node = svg("svg", { role: "img", class: "spark " + className, viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: "none" }, this.area, this.line, this.bars);
  }

  // `what`: `requests per second`. `show`: of a number.
  update(values, failed, what, show = count) {
    const known = values.filter((value) => value != null);
    const most = Math.max(...known, ...(failed ?? []), 1e-9);
    const scale = (value) => height - 1 - value / most * (height - 3);
    let line = "", area = "";
    for (const run of runs(values)) {
      const path = run.map(([x, y]) => place(x, scale(y))).join("L");
      line += "M" + path;
      area += `M${run[0][0]} ${height}L${path}L${run.at(-1)[0]} ${height}Z`;
    }
    set(this.line, "d", line);
    set(this.area, "d", area);
    const bar = (value, i) => "M" + place(i + width - failed.length, height) +
      "V" + Math.round(Math.min(scale(value), height - 3));  // however few: they are seen
    set(this.bars, "d", (failed ?? []).map((value, i) => value > 0 ? bar(value, i) : "").join(""));
    set(this.node, "aria-label", summary(known, failed, what, show));
  }
}

function summary(known, failed, what, show) {
  if (known.length === 0) return what + ": nothing measured yet";
  const text = `${what} over ${known.length} seconds: now ${show(known.at(-1))}, lowest ${show(Math.min(...known))}, ` +
    `highest ${show(Math.max(...known))}`;
  const bad = (failed ?? []).reduce((sum, value) => sum + (value ?? 0), 0);
  return failed ? `${text}; failed ${count(bad)}` : text;
}

// Shares of a whole, side by side.
export class ShareBar {
  constructor() {
    this.node = svg("svg", { role: "img", class: "shares", viewBox: "0 0 1000 10", preserveAspectRatio: "none" });
  }

  update(shares, what) {
    while (this.node.children.length > shares.length) this.node.lastChild.remove();
    let left = 0;
    shares.forEach((share, i) => {
      const part = this.node.children[i] ?? this.node.appendChild(svg("rect", { height: "10" }));
      set(part, "class", "part" + i % 4);
      set(part, "x", String(left));
      set(part, "width", String(Math.max(0, share * 1000 - (share > 0.004 ? 2 : 0))));
      left += share * 1000;
    });
    set(this.node, "aria-label", what);
  }
}

// Evidence, logarithmic from 0.1 to ten times its limit, with lines at suspicion and limit.
export class EvidenceBar {
  constructor() {
    this.value = svg("rect", { y: "3", height: "8" });
    this.lines = ["suspicion", "limit"].map((name) => svg("line", { class: name, y2: "14" }));
    this.node = svg("svg", { role: "img", class: "evidence", viewBox: "0 0 1000 14", preserveAspectRatio: "none" },
      svg("rect", { class: "track", y: "3", height: "8", width: "1000" }), this.value, ...this.lines);
  }

  update(value, suspicion, limit, what) {
    const least = 0.1, most = limit * 10;
    const at = (number) =>
      Math.round(1000 * Math.log(Math.min(Math.max(number, least), most) / least) / Math.log(most / least));
    set(this.value, "width", String(at(value)));
    set(this.value, "class", value >= limit ? "bad" : value >= suspicion ? "warn" : "good");
    [suspicion, limit].forEach((number, i) => {
      set(this.lines[i], "x1", String(at(number)));
      set(this.lines[i], "x2", String(at(number)));
    });
    set(this.node, "aria-label", what);
  }
}
