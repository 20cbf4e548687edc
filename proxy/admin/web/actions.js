// What the page changes: a dialog for each action, with the command that does the same. A write names the generation
// that was shown when the dialog opened, so that another change in between is noticed.

import { element, setText } from "./dom.js";
import { percent, plural } from "./format.js";
import { refusal } from "./stream.js";

const tokenName = "weir-admin-token", unlockName = "weir-actions";

export const token = () => sessionStorage.getItem(tokenName);
export const unlocked = () => sessionStorage.getItem(unlockName) !== null;

let model, accessChanged;
export function connect(which, listener) {
  model = which;
  accessChanged = listener;
}

// A command line, as a shell takes it.
function command(...words) {
  const where = location.host === "127.0.0.1:9900" ? [] : ["--admin", location.host];
  return ["weir", ...words, ...where].map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word
    : "'" + word.replaceAll("'", "'\\''") + "'").join(" ");
}

const options = (values, ...names) => names.flatMap((name) => values[name] ? ["--" + name, values[name]] : []);
const reasonField = { name: "reason", label: "Reason, for the audit", maxlength: "200" };

async function write(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  if (token()) headers.Authorization = "Bearer " + token();
  const url = "/api/v1/" + path.map(encodeURIComponent).join("/");
  const response = await fetch(url, { method, headers, cache: "no-store", body: JSON.stringify(body) });
  if (!response.ok) throw await refusal(response);
}

// Of a change that an operator gives a reason for.
const put = (path, body, method = "PUT") => (values, generation) =>
  write(method, path, { ...body(values), reason: values.reason, who: "admin page", generation });

// Fields are inputs with a label; `effect(values)` and `cli(values, generation)` are texts that follow them.
function open({ title, text, fields = [], effect = () => "", cli, button, run }) {
  const dialog = document.getElementById("dialog");
  let generation = model.view?.config.tag;
  const inputs = fields.map(({ label, ...rest }) => [label,
    element("input", { id: "field-" + rest.name, autocomplete: "off", spellcheck: "false", ...rest })]);
  const values = () => Object.fromEntries(inputs.map(([, input]) => [input.name, input.value.trim()]));
  const effects = element("p"), line = element("code", { tabindex: "0" });
  const error = element("p", { class: "error", role: "alert" });
  const submit = element("button", { class: "primary" }, button);
  const cancel = element("button", { type: "button" }, "Cancel");
  const form = element("form", {}, element("h2", { id: "dialog-title" }, title), element("p", {}, text),
    ...inputs.map(([label, input]) =>
      element("p", { class: "field" }, element("label", { for: input.id }, label), input)),
    effects, ...(cli ? [element("p", { class: "field" }, "The same by hand:", line)] : []), error,
    element("p", { class: "buttons" }, submit, cancel));
  const show = () => {
    setText(effects, effect(values()));
    setText(line, cli?.(values(), generation));
  };
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("input", show);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    setText(error, "");
    try {
      await run(values(), generation);
      dialog.close();
    } catch (failure) {
      setText(error, [explain(failure), ...(failure.errors ?? [])].join("\n"));
      generation = model.view?.config.tag;
      show();
    }
    submit.disabled = false;
  });
  show();
  dialog.replaceChildren(form);
  dialog.showModal();
}

function explain(failure) {
  if (failure.status !== 401) return failure.message;
  lock();
  return "The token is wrong, or may only read: unlock the actions with admin.token.";
}

function lock() {
  sessionStorage.removeItem(unlockName);
  accessChanged();
}

// The token is typed once and stays in this tab. `reads`: the page shows nothing without one.
export function openAccess(reads) {
  if (unlocked() && !reads) return lock();
  const done = () => {
    if (!reads) sessionStorage.setItem(unlockName, "yes");
    accessChanged();
  };
  if (!reads && model.view?.process.token_needed === false) return done();
  open({
    title: reads ? "A token to read" : "Unlock actions",
    text: reads ? "This Weir shows itself to those who have admin.read_token or admin.token."
      : "Type admin.token. It stays in this tab and is sent with each change.",
    fields: [{ name: "token", label: "Token", type: "password", required: true }],
    button: reads ? "Show" : "Unlock",
    run: (values) => {
      sessionStorage.setItem(tokenName, values.token.replace(/[^\x21-\x7e]/g, ""));  // nothing else is in a field
      done();
    },
  });
}

// What a change of weights moves, from the shares now to those that are typed.
function moves(targets, values) {
  const weights = targets.map((target, i) => Number(values["weight" + i]));
  const sum = weights.reduce((all, one) => all + one, 0);
  if (!(sum > 0)) return "At least one weight has to be above 0.";
  const moved = targets.reduce((all, target, i) => all + Math.max(0, weights[i] / sum - target.share), 0);
  const changes = targets.map((target, i) =>
    `${target.upstream} ${percent(target.share)} → ${percent(weights[i] / sum)}`);
  return `${changes.join(", ")}: ${percent(moved)} of the route moves.`;
}

export const rolloutVerbs = {
  start: ["Start", "It goes up step by step by itself, and back when it is worse."],
  hold: ["Hold", "Its weights stay until it is resumed; it still goes back when the canary is worse."],
  resume: ["Resume", "It goes on from where it was held."],
  promote: ["Promote", "It takes the next step now, whatever the evidence is."],
  rollback: ["Roll back", "The canary's weight is 0 at once, on all workers."],
};

export const act = {
  endpoint({ upstream, name, taken_out: out, in_flight: running }) {
    const others = Object.entries(model.view.upstreams[upstream].endpoints)
      .filter(([address, one]) => address !== name && one.state === "healthy");
    const last = others.length === 0 ? ` It is the last one in use: ${upstream} will answer 503.` : "";
    const verb = out ? "Enable" : "Drain";
    open({
      title: `${verb} ${upstream}/${name}`,
      text: out ? "It is put back into use at once, and an ejection of it ends."
        : `It gets no new requests; ${plural(running, "request")} in flight may finish.${last}`,
      fields: [reasonField],
      cli: (values) => command("endpoint", verb.toLowerCase(), upstream, name, ...options(values, "reason")),
      button: verb,
      run: put(["upstreams", upstream, "endpoints", name], () => ({ state: out ? "active" : "drain" })),
    });
  },

  split({ name, targets, persistent }) {
    const weights = (values) => targets.map((target, i) => [target.upstream, Number(values["weight" + i])]);
    open({
      title: "Weights of " + name,
      text: "In force on all workers at once" + (persistent ? ", and kept over a restart." : ", until a restart."),
      fields: [...targets.map((target, i) => ({ name: "weight" + i, label: target.upstream, type: "number", min: "0",
        max: "1000000", required: true, value: target.effective })),
      { name: "ttl", label: "For how long (15m, 2h); empty: until it is changed", pattern: "\\d+(ms|s|m|h|d)" },
      reasonField],
      effect: (values) => moves(targets, values),
      cli: (values, generation) => command("split", "set", name, ...weights(values).map((pair) => pair.join("=")),
        ...options(values, "ttl", "reason"), "--if-generation", generation),
      button: "Set weights",
      run: put(["routes", name, "split"], (values) => ({ weights: Object.fromEntries(weights(values)),
        ttl: values.ttl || undefined })),
    });
  },

  rollout(action, { name, canary, weight_percent: weight = 0 }) {
    const [verb, text] = rolloutVerbs[action], starts = action === "start";
    const steps = { name: "steps", label: "Steps in percent (1,10,50); empty: the configuration's",
      pattern: "[\\d.,]+" };
    open({
      title: `${verb}: ${name}`,
      text: `${canary} has ${weight} %. ${text}`,
      fields: [...(starts ? [steps] : []), { ...reasonField, required: action === "rollback" }],
      cli: (values) => command("rollout", action, name, ...options(values, "steps", "reason")),
      button: verb,
      run: put(["routes", name, "rollout"], ({ steps }) => starts
        ? { steps: steps ? steps.split(",").map(Number) : undefined } : { action }, starts ? "POST" : "PUT"),
    });
  },

  reload() {
    open({
      title: "Reload the configuration",
      text: `Reads ${model.view.config.files.join(", ")} anew. What is wrong in it changes nothing.`,
      cli: () => command("reload"),
      button: "Reload",
      run: () => write("POST", ["reload"], {}),
    });
  },
};
