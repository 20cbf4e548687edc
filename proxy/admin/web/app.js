// Puts the page together: the stream fills the model, and the sections show it.

import { connect, openAccess, token, unlocked } from "./actions.js";
import { element, setText, showState } from "./dom.js";
import { clock, duration, secondsBetween } from "./format.js";
import { audit, Config, events, limits, listeners, Rollouts, showProblems, Splits, Traffic, Upstreams }
  from "./sections.js";
import { Model, Stream } from "./stream.js";

const staleMs = 3500;
const byId = (id) => document.getElementById(id);
const model = new Model();
const sections = [new Traffic(), new Rollouts(), new Splits(), new Upstreams(), limits(), listeners(), new Config(),
  events(), audit()];
const connection = { state: "connecting", detail: "", last: 0 };  // last: when a message came
let isDue = false, isFirst = true;

// Every word of the filter has to be in the texts.
function filterOf(typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return (texts) => {
    const all = texts.join(" ").toLowerCase();
    return words.every((word) => all.includes(word));
  };
}

function draw() {
  isDue = false;
  const { view } = model;
  if (!view) return;
  showState(byId("state"), view.process.state, view.process.state === "ready" ? "good" : "warn");
  setText(byId("facts"), `${view.process.version}, generation ${view.config.generation}, up for ` +
    duration(secondsBetween(view.process.started, view.at)));
  const filter = filterOf(byId("filter").value);
  for (const section of sections) {
    section.update(model, filter);
    section.tab.hidden = section.node.hidden;
  }
  problems();
  if (isFirst) follow();
  isFirst = false;
}

// At most once a frame, and never in a hidden tab.
function redraw() {
  if (!isDue) requestAnimationFrame(draw);
  isDue = true;
}

const isStale = () => ["lost", "refused"].includes(connection.state) ||
  connection.last > 0 && Date.now() - connection.last > staleMs;

function problems() {
  const since = connection.last ? clock(connection.last, new Date()) : "this page was opened";
  const stale = isStale() ? [{ severity: "bad", text: `No numbers since ${since}. ${connection.detail}` }] : [];
  if (model.view || stale.length > 0) showProblems(byId("problem-list"), [...stale, ...model.view?.problems ?? []]);
}

// The age of the numbers; old ones turn grey.
function showAge() {
  const state = isStale() ? "stale" : connection.state;
  const age = (Date.now() - connection.last) / 1000;
  setText(byId("age"), state === "stale" && connection.last ? duration(age) + " old" : state);
  if (document.body.dataset.stream !== state) problems();
  document.body.dataset.stream = state;
}

// `#upstream=blue` and the like: what is named comes into view.
function follow() {
  document.querySelector(".target")?.classList.remove("target");
  const [[kind, name] = []] = new URLSearchParams(location.hash.slice(1)), node = name && byId(kind + "=" + name);
  if (!node) return;
  node.classList.add("target");
  node.scrollIntoView({ block: "center" });
  node.focus({ preventScroll: true });
}

// What may be done has changed.
function showAccess() {
  byId("unlock").setAttribute("aria-pressed", unlocked());
  setText(byId("unlock"), unlocked() ? "Lock actions" : "Unlock actions");
  document.body.classList.toggle("unlocked", unlocked());
  redraw();
}

byId("main").append(...sections.map((section) => section.node));
for (const section of [{ id: "problems", title: "Problems" }, ...sections]) {
  section.tab = element("li", {}, element("a", { href: "#" + section.id }, section.title));
  byId("sections").append(section.tab);
}
const filter = byId("filter");
filter.addEventListener("input", redraw);
byId("unlock").addEventListener("click", () => openAccess(false));
addEventListener("hashchange", follow);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target === filter) {
    filter.value = "";
    redraw();
  }
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, dialog")) return;
  event.preventDefault();
  filter.focus();
});

const stream = new Stream({
  token,
  message(kind, data) {
    model.take(kind, data);
    connection.last = Date.now();
    redraw();
  },
  state(state, detail) {
    if (state === "refused" && connection.state !== state) openAccess(true);
    Object.assign(connection, { state, detail });
    showAge();
  },
});
connect(model, () => {
  if (connection.state === "refused") stream.retry();
  showAccess();
});
showAccess();
setInterval(showAge, 500);
