// The stream of server-sent events: read with fetch, since EventSource can send no token. Keeps a model of the present
// and five minutes of history, and comes back by itself when the stream ends.

const historySeconds = 300;
const eventsKept = 300;
const silentMs = 8000;  // a tick comes each second

const isObject = (value) => value && typeof value === "object" && !Array.isArray(value);

// JSON Merge Patch (RFC 7396), on objects without a prototype: a name may be anything.
export function applyPatch(target, patch) {
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete target[key];
    else if (!isObject(value)) target[key] = value;
    else target[key] = applyPatch(isObject(target[key]) ? target[key] : Object.create(null), value);
  }
  return target;
}

export class Model {
  constructor() {
    this.view = null;
    this.events = [];  // newest first
    this.history = null;
  }

  take(kind, data) {
    if (kind === "snapshot") this.start(data);
    if (kind === "tick") this.tick(data);
    if (kind === "event") this.events.unshift(data);
    if (kind === "gap") this.events.unshift({ kind, level: "warn", text: data.missed + " events were missed" });
    this.events.splice(eventsKept);
  }

  start({ view, history }) {
    if (this.view?.process.boot !== view.process.boot) this.events = [];
    this.view = applyPatch(Object.create(null), view);
    const of = (lists) => points(lists, history.seconds);
    const named = (kind) => new Map(Object.keys(view[kind]).map((name) => [name, of(history[kind][name])]));
    this.history = { all: of(history.all), routes: named("routes"), upstreams: named("upstreams") };
  }

  tick(patch) {
    if (!this.view) return;
    const before = new Date(this.view.at);
    applyPatch(this.view, patch);
    const seconds = Math.max(1, Math.round((new Date(this.view.at) - before) / 1000));
    push(this.history.all, this.view.traffic, seconds);
    for (const kind of ["routes", "upstreams"]) {
      const all = this.history[kind];
      for (const name of all.keys()) if (!(name in this.view[kind])) all.delete(name);
      for (const [name, now] of Object.entries(this.view[kind])) {
        if (!all.has(name)) all.set(name, points(undefined, 0));
        push(all.get(name), now, seconds);
      }
    }
  }
}

// Lists that were left out hold nothing but zeros.
function points({ requests, failed, p95_ms: p95 } = {}, seconds) {
  const empty = (value) => new Array(seconds).fill(value);
  return { requests: requests ?? empty(0), failed: failed ?? empty(0), p95: p95 ?? empty(null) };
}

// Seconds that were missed are holes.
function push(history, now, seconds) {
  const add = (list, value) => {
    for (let i = 1; i < Math.min(seconds, historySeconds); ++i) list.push(null);
    list.push(value ?? null);
    list.splice(0, Math.max(0, list.length - historySeconds));
  };
  add(history.requests, now.rps);
  add(history.failed, now.failed_ps);
  add(history.p95, now.p95_ms);
}

// `message(kind, data)`, `state(name, detail)`: connecting | live | refused | lost. `token()`: what is sent, or null.
export class Stream {
  constructor({ message, state, token }) {
    Object.assign(this, { message, state, token, lastId: "", waitMs: 1000 });
    this.run();
  }

  // Tries again at once, as with another token.
  retry() {
    this.abort?.abort();
    this.waitMs = 0;
    this.wakeUp?.();
  }

  async run() {
    for (;;) {
      try {
        await this.read();
        this.state("lost", "The stream ended.");
      } catch (error) {
        this.state(error.refused ? "refused" : "lost", error.message);
      }
      clearTimeout(this.silence);
      await new Promise((resolve) => {
        this.wakeUp = resolve;
        setTimeout(resolve, this.waitMs);
      });
      this.waitMs = Math.min(this.waitMs * 2 + 500, 10000);
    }
  }

  async read() {
    this.abort = new AbortController();
    this.listen();
    const token = this.token();
    const headers = { Accept: "text/event-stream" };
    if (token) headers.Authorization = "Bearer " + token;
    if (this.lastId) headers["Last-Event-ID"] = this.lastId;
    const { signal } = this.abort;
    const response = await fetch("/api/v1/stream?interval=1s", { headers, cache: "no-store", signal });
    if (!response.ok) throw await refusal(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.listen();
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) this.dispatch(block);
    }
  }

  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.abort.abort(new Error("It was silent.")), silentMs);
  }

  dispatch(block) {
    const { event, data, id } = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/)));
    this.lastId = id ?? this.lastId;
    if (!data) return;
    this.waitMs = 1000;
    this.message(event, JSON.parse(data));
    this.state("live", "");
  }
}

// What a response that is no success says (RFC 9457).
export async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const error = new Error(problem.detail ?? "status " + response.status);
  error.status = response.status;
  error.errors = problem.errors ?? [];
  error.refused = response.status === 401 || response.status === 429;
  return error;
}
