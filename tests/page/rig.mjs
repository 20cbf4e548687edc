// A Weir with apps behind it, and a browser that looks at its admin page. Everything on loopback, everything ended by
// close().

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const token = "s3cret-of-the-test";
const startMs = 10000;

// Waits for what can only be asked for.
export async function eventually(what, holds, ms = 15000) {
  const end = Date.now() + ms;
  for (let last; ; ) {
    try {
      const value = await holds();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error("it did not happen: " + what + (last ? " (" + last.message + ")" : ""));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// An app that answers 200, or what `status` says.
export class App {
  constructor() {
    this.status = 200;
    this.server = http.createServer((request, response) => {
      response.writeHead(this.status, { "Content-Type": "text/plain" });
      response.end("app\n");
    });
  }
  async start() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.address = "127.0.0.1:" + this.server.address().port;
    return this;
  }
  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export class Weir {
  constructor(yaml, name = "weir") {
    this.folder = mkdtempSync(path.join(tmpdir(), "weir-page-"));
    this.config = path.join(this.folder, name + ".yaml");
    this.write(yaml.replaceAll("FOLDER", this.folder));
  }
  write(yaml) {
    writeFileSync(this.config, yaml);
  }
  async start() {
    const binary = process.env.WEIR_BIN ?? path.join(root, "build/dev/bin/weir");
    this.process = spawn(binary, ["run", "-c", this.config], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "", err = "";
    this.process.stderr.on("data", (bytes) => (err += bytes));
    this.ended = new Promise((resolve) => this.process.on("exit", resolve));
    this.process.on("exit", (code, signal) => {
      if (signal !== "SIGKILL") console.log(`weir ended: ${code ?? signal}\n${err}`);
    });
    const facts = await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("weir did not start: " + err)), startMs).unref();
      this.process.on("exit", () => reject(new Error("weir ended: " + err)));
      this.process.stdout.on("data", (bytes) => {
        out += bytes;
        const line = /^weir ready (.*)\n/m.exec(out);
        if (line) resolve(JSON.parse(line[1]));
      });
    });
    this.admin = facts.admin;
    this.listener = facts.listeners.http;
    this.url = "http://" + this.admin;
    return this;
  }
  async get(path, headers = {}) {
    const response = await fetch(this.url + path, { headers });
    return response.json();
  }
  async send(method, path, body, headers = {}) {
    const all = { Authorization: "Bearer " + token, "Content-Type": "application/json", ...headers };
    const response = await fetch(this.url + path, { method, headers: all, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  }
  async request(path = "/", headers = {}) {
    const response = await fetch("http://" + this.listener + path, { headers, redirect: "manual" });
    await response.arrayBuffer();
    return response.status;
  }
  async kill() {
    if (this.process.exitCode === null) this.process.kill("SIGKILL");
    await this.ended;
  }
  async stop() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// A request that node's fetch would not let through: with a Host or Origin of its own.
export function forged(url, { method = "GET", path, headers, body = "" }) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("error", reject);
    request.end(body);
  });
}

// One page, with everything that went wrong on it.
export class Visit {
  constructor(page, url) {
    this.page = page;
    this.errors = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.errors.push(message.text());
    });
    page.on("pageerror", (error) => this.errors.push(error.stack ?? error.message));
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== "data:" && origin !== url) this.errors.push("another origin: " + request.url());
    });
  }

  static async open(browser, weir, { scheme = "light", width = 1280, height = 900, hash = "", admin = false } = {}) {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height } });
    if (admin) {
      await context.addInitScript((value) => {
        sessionStorage.setItem("weir-admin-token", value);
        sessionStorage.setItem("weir-actions", "yes");
      }, token);
    }
    const visit = new Visit(await context.newPage(), weir.url);
    await visit.page.goto(weir.url + "/" + hash);
    await visit.page.waitForSelector("body[data-stream=live]");
    await visit.page.waitForSelector("#traffic tbody tr");
    return visit;
  }

  async close() {
    await this.page.context().close();
  }

  // axe's findings, one line each.
  async violations(axe) {
    await this.page.evaluate(axe.source);
    return this.page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      const line = (rule, node) => `${rule.id}: ${rule.help}: ${node.html} ${node.failureSummary}`;
      return violations.flatMap((rule) => rule.nodes.map((node) => line(rule, node)));
    });
  }

  // What is wider than the window.
  overflow() {
    return this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }
}

// A module of tests/page/install.sh; null: it is not installed.
export function installed(name) {
  try {
    return createRequire(path.join(root, "build/page/"))(name);
  } catch {
    return null;
  }
}
