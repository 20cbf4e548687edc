// The admin page in a real Chromium: what it shows, what a click changes, that it is accessible, and that it asks
// no other origin. Exit status 77 where Chromium or the packages of package.json are absent: the test is skipped.
// `WEIR_BIN` names the binary; `--screens FOLDER` keeps pictures.

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { App, eventually, forged, installed, token, Visit, Weir } from "./rig.mjs";

const skipped = 77;
const browsers = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const binary = browsers.find((name) => name && existsSync(name));
const playwright = installed("playwright-core"), axe = installed("axe-core");
if (!binary || !playwright || !axe) {
  console.log("skipped: there is no " + (binary ? "playwright-core or axe-core (tests/page/install.sh)"
    : "Chromium (deploy/packages.sh page)"));
  process.exit(skipped);
}

const screens = process.argv[2] === "--screens" ? process.argv[3] : null;
if (screens) mkdirSync(screens, { recursive: true });

const looks = [
  { name: "light", scheme: "light", width: 1280 },
  { name: "dark", scheme: "dark", width: 1280 },
  { name: "narrow", scheme: "light", width: 320 },
  { name: "narrow-dark", scheme: "dark", width: 320 },
];

const config = (apps) => `
server: { workers: 2, shutdown_timeout: 1s, state_dir: "FOLDER/state" }
admin: { address: "127.0.0.1:0", token: ${token} }
log: { level: error }
listeners:
  http: { address: "127.0.0.1:0" }
rate_limits:
  per-client: { key: client_ip, rate: 100000/s, burst: 100000 }
upstreams:
  blue:
    endpoints: [ "${apps[0].address}", "${apps[1].address}" ]
    passive_health: { consecutive_failures: 3, ejection_time: 1h, max_ejection_time: 1h }
  green: { endpoints: [ "${apps[2].address}" ] }
routes:
  - name: shop
    match: { path_prefix: /shop }
    rate_limits: [ per-client ]
    split: { targets: [ { upstream: blue, weight: 90 }, { upstream: green, weight: 10 } ] }
  - { name: old, match: { path_prefix: /old }, redirect: { to: /shop, status: 301 } }
  - { name: all, upstream: green }
`;

async function traffic(weir, rounds = 20) {
  for (let i = 0; i < rounds; ++i)
    await Promise.all(["/shop", "/shop/cart", "/old", "/"].map((path) => weir.request(path)));
}

// Every look at what the page shows now: nothing inaccessible, nothing wider than the window, nothing wrong.
async function look(browser, weir, name, options = {}) {
  for (const { name: kind, ...how } of looks) {
    const visit = await Visit.open(browser, weir, { ...how, ...options });
    await options.ready?.(visit.page);
    if (screens) await visit.page.screenshot({ path: path.join(screens, `${name}-${kind}.png`), fullPage: true });
    assert.deepEqual(await visit.violations(axe), [], `${name}, ${kind}`);
    assert.equal(await visit.overflow(), 0, `${name}, ${kind}: it scrolls sideways`);
    assert.deepEqual(visit.errors, [], `${name}, ${kind}`);
    await visit.close();
  }
}

const cases = {
  async "an idle one is shown"({ browser, weir }) {
    await look(browser, weir, "idle");
  },

  async "numbers are those of the requests"({ browser, weir }) {
    const visit = await Visit.open(browser, weir);
    const before = (await weir.get("/api/v1/status")).requests.total;
    await traffic(weir, 10);
    const wanted = (before + 40).toLocaleString("en");
    await eventually("the tile counts them", async () =>
      (await visit.page.textContent(".tile .more")).includes(wanted + " since the start"));
    const chart = await visit.page.getAttribute(".tile .spark", "aria-label");
    assert.match(chart, /^requests per second over \d+ seconds: now [\d,]+, lowest \d+, highest [\d,]+$/);
    assert.deepEqual(visit.errors, []);
    await visit.close();
  },

  async "a click on drain drains, and stands in the audit"({ browser, weir, apps }) {
    const visit = await Visit.open(browser, weir);
    const { page } = visit;
    assert.equal(await page.locator("td.action button:visible").count(), 0, "no action without a token");
    await page.click("#unlock");
    await page.fill("#field-token", token);
    await page.click("dialog button.primary");
    const row = page.locator("article[id='upstream=blue'] tbody tr", { hasText: apps[0].address });
    await row.getByRole("button", { name: "Drain" }).click();
    await page.fill("#field-reason", "the new kernel's turn");
    assert.equal(await page.textContent("dialog code"),
      `weir endpoint drain blue ${apps[0].address} --reason 'the new kernel'\\''s turn' --admin ${weir.admin}`);
    if (screens) await page.screenshot({ path: path.join(screens, "drain-dialog.png") });
    assert.deepEqual(await visit.violations(axe), [], "the dialog");
    await page.click("dialog button.primary");
    await eventually("it is drained", async () =>
      (await weir.get(`/api/v1/upstreams/blue/endpoints/${apps[0].address}`)).state === "drain");
    const [entry] = (await weir.get("/api/v1/audit")).audit;
    assert.equal(entry.action, "endpoint_set");
    assert.equal(entry.after, "drain");
    assert.equal(entry.reason, "the new kernel's turn");
    assert.match(entry.who, /^admin page from 127\.0\.0\.1$/);
    await page.waitForSelector("#problem-list .note");
    assert.match(await page.textContent("#problem-list"), /is drain by admin page.*the new kernel's turn/);
    await row.getByText("drain", { exact: true }).waitFor();
    assert.match(await page.textContent("#audit tbody"), /endpoint set.*active → drain; the new kernel's turn/);
    await look(browser, weir, "drained", { admin: true });
    await row.getByRole("button", { name: "Enable" }).press("Enter");  // without a mouse
    await page.waitForSelector("dialog[open]");
    await page.keyboard.press("Enter");
    await eventually("it is back", async () =>
      (await weir.get(`/api/v1/upstreams/blue/endpoints/${apps[0].address}`)).state === "healthy");
    assert.deepEqual(visit.errors, []);
    await visit.close();
  },

  async "a click on a split changes its weights"({ browser, weir }) {
    const visit = await Visit.open(browser, weir, { admin: true });
    const { page } = visit;
    await page.getByRole("button", { name: "Change weights" }).click();
    await page.locator("dialog").getByLabel("blue").fill("3");
    await page.locator("dialog").getByLabel("green").fill("1");
    await page.locator("dialog").getByLabel("For how long").fill("15m");
    assert.match(await page.textContent("dialog form"),
      /blue 90 % → 75 %, green 10 % → 25 %: 15 % of the route moves/);
    const { tag } = await weir.get("/api/v1/routes/shop/split");
    assert.equal(await page.textContent("dialog code"),
      `weir split set shop blue=3 green=1 --ttl 15m --if-generation ${tag} --admin ${weir.admin}`);
    if (screens) await page.screenshot({ path: path.join(screens, "split-dialog.png") });
    await page.click("dialog button.primary");
    const split = await eventually("it is in force", async () => {
      const now = await weir.get("/api/v1/routes/shop/split");
      return now.source === "runtime" && now;
    });
    assert.deepEqual(split.targets.map((target) => target.effective), [3, 1]);
    assert.equal((await weir.get("/api/v1/audit")).audit[0].action, "split_set");
    await eventually("it is shown", async () =>
      /set by admin page/.test(await page.textContent("article[id='split=shop']")));
    assert.deepEqual(visit.errors, []);
    await visit.close();
  },

  async "another change was faster"({ browser, weir }) {
    const visit = await Visit.open(browser, weir, { admin: true });
    const { page } = visit;
    await page.getByRole("button", { name: "Change weights" }).click();
    await page.locator("dialog").getByLabel("blue").fill("1");
    const other = await weir.send("PUT", "/api/v1/routes/shop/split", { weights: { blue: 50, green: 50 } });
    assert.equal(other.status, 200);
    await page.click("dialog button.primary");
    await eventually("it says so", async () =>
      /look again and decide anew/.test(await page.textContent("dialog .error")));
    const { targets } = await weir.get("/api/v1/routes/shop/split");
    assert.deepEqual(targets.map((target) => target.effective), [50, 50]);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("dialog[open]").count(), 0);
    visit.errors = visit.errors.filter((text) => !/409/.test(text));  // what Chromium says of a refused request
    assert.deepEqual(visit.errors, []);
    await visit.close();
  },

  async "a wrong token is said, and forgotten"({ browser, weir }) {
    const visit = await Visit.open(browser, weir);
    const { page } = visit;
    await page.click("#unlock");
    await page.fill("#field-token", "wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Reload" }).click();
    await page.click("dialog button.primary");
    await eventually("it says so", async () => /token is wrong/.test(await page.textContent("dialog .error")));
    await page.keyboard.press("Escape");
    assert.equal(await page.getAttribute("#unlock", "aria-pressed"), "false");
    await visit.close();
  },

  async "a reload and its changes"({ browser, weir, apps }) {
    const visit = await Visit.open(browser, weir, { admin: true });
    const { page } = visit;
    const added = "  - { name: added, match: { path_prefix: /a }, upstream: green }\n  - { name: all";
    weir.write(config(apps).replaceAll("FOLDER", weir.folder).replace("  - { name: all", added));
    await page.getByRole("button", { name: "Reload" }).click();
    await page.click("dialog button.primary");
    await eventually("it says what changed", async () => /routes: 1 added/.test(await page.textContent("#config")));
    await page.locator("tr[id='route=added']").waitFor();
    assert.deepEqual(visit.errors, []);
    await visit.close();
  },

  async "filter, deep links and keys"({ browser, weir, apps }) {
    const visit = await Visit.open(browser, weir, { hash: "#upstream=green" });
    const { page } = visit;
    await eventually("the link's target has the focus", () =>
      page.evaluate(() => document.activeElement.id === "upstream=green" && document.activeElement.matches(".target")));
    await page.keyboard.press("/");
    await page.keyboard.type(apps[1].address);
    await eventually("only that endpoint is left", async () => await page.locator("#upstreams tbody tr").count() === 1);
    assert.equal(await page.locator("#traffic tbody tr").count(), 0);
    await page.keyboard.press("Escape");
    await eventually("all are back", async () => await page.locator("#upstreams tbody tr").count() === 3);
    await page.reload();
    await page.waitForSelector("#traffic tbody tr");
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip", "the first stop");
    assert.deepEqual(visit.errors, []);
    await visit.close();
  },

  async "problems come first"({ browser, weir, apps }) {
    apps[1].status = 503;
    await eventually("an endpoint is ejected", async () => {
      await weir.request("/shop");
      const { upstreams } = await weir.get("/api/v1/upstreams");
      return upstreams[0].endpoints[1].state === "ejected";
    });
    weir.write("listeners: {}\nrouts: []\n");
    assert.equal((await weir.send("POST", "/api/v1/reload", {})).status, 422);
    await traffic(weir);
    await look(browser, weir, "problems", { ready: (page) => page.waitForSelector("#problem-list .bad") });
    const visit = await Visit.open(browser, weir);
    const text = await visit.page.textContent("#problem-list");
    assert.match(text, /The last reload was refused/);
    assert.match(text, new RegExp(`blue/${apps[1].address} is ejected: `));
    assert.doesNotMatch(text, /fails: /);
    assert.equal(await visit.page.getAttribute("#problem-list", "aria-live"), "polite");
    await visit.close();
  },

  async "the last endpoint that fails is a problem although it is in use"({ browser, weir, apps }) {
    apps[2].status = 503;
    await eventually("its ejection is due", async () => {
      await weir.request("/");
      return (await weir.get("/api/v1/upstreams")).upstreams[1].endpoints[0].kept;
    });
    const visit = await Visit.open(browser, weir, { hash: "#upstream=green" });
    const reason = "\\d+ consecutive failures \\(.*\\); it stays in use, because no other endpoint is usable";
    await eventually("it is listed", async () =>
      new RegExp(`green/${apps[2].address} fails: ${reason}`).test(await visit.page.textContent("#problem-list")));
    const row = visit.page.locator("article[id='upstream=green'] tbody tr");
    await row.getByText("failing", { exact: true }).waitFor();
    assert.match(await row.textContent(), /it stays in use/);
    assert.deepEqual(visit.errors, []);
    await visit.close();
    apps[2].status = 200;
    await eventually("it answers again", async () => {
      await weir.request("/");
      return !(await weir.get("/api/v1/upstreams")).upstreams[1].endpoints[0].kept;
    });
  },

  async "a rollout is steered, and one that was taken back says why"({ browser, weir, apps }) {
    apps[1].status = 200;
    weir.write(config(apps).replaceAll("FOLDER", weir.folder).replace("blue, weight: 90", "blue, weight: 100")
      .replace("green, weight: 10 } ] }", "green, weight: 0 } ] }\n    rollout: { canary: green, steps: [50, 100], " +
        "hold: 10m, min_requests: 20, warmup: 0s }"));
    assert.equal((await weir.send("POST", "/api/v1/reload", {})).status, 200);
    const visit = await Visit.open(browser, weir, { admin: true });
    const { page } = visit;
    const rollout = page.locator("article[id='rollout=shop']");
    await rollout.getByText("would take green to 50, 100 %").waitFor();
    const actions = () => rollout.locator(".tools button:visible").allTextContents();
    assert.deepEqual(await actions(), ["Start"]);
    await rollout.getByRole("button", { name: "Start" }).click();
    await page.fill("#field-steps", "25,50");
    await page.fill("#field-reason", "1.5");
    assert.equal(await page.textContent("dialog code"),
      `weir rollout start shop --steps 25,50 --reason 1.5 --admin ${weir.admin}`);
    if (screens) await page.screenshot({ path: path.join(screens, "start-dialog.png") });
    assert.deepEqual(await visit.violations(axe), [], "the dialog");
    await page.click("dialog button.primary");
    await rollout.getByText("running", { exact: true }).waitFor();
    const started = await weir.get("/api/v1/routes/shop/rollout");
    assert.deepEqual([started.steps, started.weight_percent, started.reason], [[25, 50], 25, "1.5"]);
    assert.match(started.who, /^admin page from 127\.0\.0\.1$/);
    assert.deepEqual(await actions(), ["Hold", "Promote", "Roll back"]);
    await rollout.getByRole("button", { name: "Promote" }).click();
    await page.click("dialog button.primary");
    await rollout.getByText("green at 50 % against blue").waitFor();
    assert.equal((await weir.get("/api/v1/routes/shop/rollout")).weight_percent, 50);
    await rollout.getByRole("button", { name: "Hold" }).click();
    await page.fill("#field-reason", "lunch");
    assert.equal(await page.textContent("dialog code"), `weir rollout hold shop --reason lunch --admin ${weir.admin}`);
    await page.click("dialog button.primary");
    await rollout.getByText("held, operator", { exact: true }).waitFor();
    assert.deepEqual(await actions(), ["Resume", "Promote", "Roll back"]);
    await rollout.getByRole("button", { name: "Resume" }).click();
    await page.click("dialog button.primary");
    await rollout.getByText("running", { exact: true }).waitFor();
    await traffic(weir);
    await look(browser, weir, "rollout", { admin: true });
    apps[2].status = 500;
    await eventually("it is taken back", async () => {
      await traffic(weir, 2);
      return (await weir.get("/api/v1/routes/shop/rollout")).state === "rolled_back";
    });
    apps[2].status = 200;
    await rollout.getByText("rolled back", { exact: true }).waitFor();
    assert.match(await page.textContent("#problem-list"), /shop: rolled back green from 50 % to 0/);
    assert.deepEqual(visit.errors, []);
    await look(browser, weir, "rolled-back");
    await visit.close();
  },

  async "what other sites send is refused"({ weir, apps }) {
    const path = `/api/v1/upstreams/green/endpoints/${apps[2].address}`;
    const headers = { Authorization: "Bearer " + token, "Content-Type": "application/json" };
    const body = '{"state":"drain"}';
    const drain = (more) => forged(weir.url, { method: "PUT", path, headers: { ...headers, ...more }, body });
    assert.equal(await drain({ Origin: "http://evil.example" }), 403);
    assert.equal(await drain({ "Sec-Fetch-Site": "cross-site" }), 403);
    assert.equal(await drain({ "Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain" }), 415);
    assert.equal(await drain({ Host: "evil.example" }), 421);
    assert.equal(await forged(weir.url, { path: "/", headers: { Host: "evil.example" } }), 421);
    assert.equal((await weir.get(path)).state, "healthy");
  },

  async "a page without Weir says how old it is"({ browser, weir }) {
    const visit = await Visit.open(browser, weir);
    const { page } = visit;
    await weir.kill();
    await page.waitForSelector("body[data-stream=stale]");
    await eventually("it says so", async () =>
      /No numbers since \d\d:\d\d:\d\d/.test(await page.textContent("#problem-list")));
    await eventually("with their age", async () => / s old$/.test(await page.textContent("#age")));
    if (screens) await page.screenshot({ path: path.join(screens, "stale.png") });
    assert.deepEqual(await visit.violations(axe), []);
    await visit.close();
  },
};

const browser = await playwright.chromium.launch({ executablePath: binary, args: ["--no-sandbox"] });
const apps = [await new App().start(), await new App().start(), await new App().start()];
const weir = await new Weir(config(apps)).start();
let failed = 0;
for (const [name, run] of Object.entries(cases)) {
  try {
    await run({ browser, weir, apps });
    console.log("passed: " + name);
  } catch (error) {
    ++failed;
    console.log("FAILED: " + name + "\n" + error.stack);
  }
}
await weir.stop();
apps.forEach((app) => app.stop());
await browser.close();
console.log(`${Object.keys(cases).length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
