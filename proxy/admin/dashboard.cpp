#include "admin/dashboard.hpp"

namespace weir::control {

const std::string_view dashboard_html = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weir</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/dashboard.css">
<script src="/dashboard.js" defer></script>
</head>
<body>
<header>
<h1>Weir</h1>
<p id="state" role="status">connecting</p>
</header>
<form id="access" hidden>
<label for="token">Reads need admin.read_token</label>
<input id="token" type="password" autocomplete="off" required>
<button>Show</button>
</form>
<main>
<section>
<h2>Overview</h2>
<dl id="overview"></dl>
</section>
<section>
<h2>Listeners</h2>
<table>
<thead><tr><th>Name</th><th>Address</th><th>TLS</th><th class="n">Active</th><th class="n">Idle</th>
<th class="n">Accepted</th></tr></thead>
<tbody id="listeners"></tbody>
</table>
</section>
<section>
<h2>Endpoints</h2>
<table>
<thead><tr><th>Upstream</th><th>Endpoint</th><th>State</th><th class="n">In flight</th><th class="n">Requests</th>
<th class="n">Failures</th><th class="n">Idle connections</th><th>Last check</th></tr></thead>
<tbody id="endpoints"></tbody>
</table>
</section>
</main>
<footer id="links"><a href="/metrics">Metrics</a> <a href="/api/v1/config">Configuration</a>
<a href="/api/v1/routes">Routes</a> <a href="/health">Health</a></footer>
</body>
</html>
)html";

const std::string_view dashboard_script = R"js("use strict";

const refreshMs = 2000;
const tokenName = "weir-admin-token";
let last = null;

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = String(text);
  if (className) made.className = className;
  return made;
}

function fill(id, children) {
  document.getElementById(id).replaceChildren(...children);
}

function row(cells) {
  const made = document.createElement("tr");
  for (const cell of cells) {
    const number = typeof cell === "number";
    made.append(element("td", number ? cell.toLocaleString("en") : cell, number ? "n" : ""));
  }
  return made;
}

function duration(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const first = parts.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0s";
  let rest = seconds;
  return parts.slice(first, first + 2).map(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count + unit;
  }).join(" ");
}

function requestRate(requests) {
  const now = performance.now();
  const rate = last === null ? null : (requests.total - last.total) * 1000 / (now - last.at);
  last = { total: requests.total, at: now };
  return rate === null || rate < 0 ? "..." : rate.toFixed(1) + " /s";
}

function showStatus(status) {
  const reload = status.config.last_reload;
  const facts = [
    ["Version", status.version + " (" + status.commit + ")"],
    ["Up for", duration(status.uptime_seconds)],
    ["Workers", status.workers],
    ["Requests", status.requests.total.toLocaleString("en")],
    ["Rate", requestRate(status.requests)],
    ["In flight", status.requests.in_flight],
    ["Configuration", "generation " + status.config.generation + ", " + status.config.hash.slice(0, 12)],
    ["Last reload", reload.at + (reload.success ? "" : ", refused: " + reload.error)],
  ];
  fill("overview", facts.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  fill("listeners", status.listeners.map((listener) => row([
    listener.name, listener.address, listener.tls ? "yes" : "no", listener.connections.active,
    listener.connections.idle, listener.connections.total])));
  const state = document.getElementById("state");
  state.textContent = status.state;
  state.className = status.state === "ready" && reload.success ? "good" : "bad";
}

function lastCheck(check) {
  return check ? check.result + ": " + check.detail + " (" + check.ms.toFixed(1) + " ms)" : "";
}

function showUpstreams(report) {
  fill("endpoints", report.upstreams.flatMap((upstream) => upstream.endpoints.map((endpoint) => {
    const made = row([upstream.name, endpoint.address, endpoint.state, endpoint.in_flight, endpoint.requests,
      endpoint.failures, endpoint.connections.idle, lastCheck(endpoint.check)]);
    const out = endpoint.taken_out;
    made.children[2].className = out ? "held" : endpoint.state === "healthy" ? "good" : "bad";
    if (out) made.children[2].title = "by " + out.who + ", " + out.since + (out.reason ? ": " + out.reason : "");
    else if (endpoint.state !== "healthy" && endpoint.why) made.children[2].title = endpoint.why;
    return made;
  })));
}

// Links carry no token, so they are hidden where reads need one.
function askForToken(needed) {
  document.getElementById("access").hidden = !needed;
  document.getElementById("links").hidden = needed || sessionStorage.getItem(tokenName) !== null;
}

// The token stays in this tab.
async function read(path) {
  const token = sessionStorage.getItem(tokenName);
  const headers = token === null ? {} : { Authorization: "Bearer " + token };
  const response = await fetch(path, { cache: "no-store", headers });
  if (response.status === 401) {
    askForToken(true);
    throw new Error(token === null ? "the token is missing" : "the token is wrong");
  }
  if (!response.ok) throw new Error(path + ": " + response.status);
  return response.json();
}

document.getElementById("access").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = document.getElementById("token");
  sessionStorage.setItem(tokenName, field.value.replace(/[^\x21-\x7e]/g, ""));  // nothing else is in a field
  field.value = "";
  askForToken(false);
});

async function refresh() {
  try {
    const [status, upstreams] = await Promise.all([read("/api/v1/status"), read("/api/v1/upstreams")]);
    askForToken(false);
    showStatus(status);
    showUpstreams(upstreams);
  } catch (error) {
    const state = document.getElementById("state");
    state.textContent = "no answer: " + error.message;
    state.className = "bad";
  }
  setTimeout(refresh, refreshMs);
}

refresh();
)js";

const std::string_view dashboard_style = R"css(:root {
  color-scheme: light dark;
  --line: color-mix(in srgb, currentColor 15%, transparent);
  --good: #15803d;
  --bad: #b91c1c;
  --held: #b45309;
}
@media (prefers-color-scheme: dark) {
  :root { --good: #4ade80; --bad: #f87171; --held: #fbbf24; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 68rem; padding: 0 1rem; }
header { align-items: baseline; display: flex; gap: 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
section { overflow-x: auto; }
dl { display: grid; gap: .25rem 1.5rem; grid-template-columns: max-content 1fr; margin: 0; }
dt { opacity: .7; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .75rem .35rem 0; text-align: left; }
th { font-weight: 600; }
.n { font-variant-numeric: tabular-nums; text-align: right; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.held { color: var(--held); }
footer { margin: 2rem 0; }
footer a { margin-right: 1rem; }
)css";

}  // namespace weir::control
